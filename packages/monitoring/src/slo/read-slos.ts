import type { BucketsOf } from './latency-bucket.ts';
import { type LocatedYaml, readLocatedYaml } from './located-yaml.ts';
import { readSli, type SliEntry } from './read-sli.ts';
import { readSlo, type SloEntry } from './read-slo.ts';
import { alertPrefixOf, type Slo } from './slo.ts';

/** What a file of objectives is read with. */
export interface SloFileOptions {
  /** Its name, for errors. */
  readonly file: string;
  readonly bucketsOf: BucketsOf;
}

/**
 * Reads a file of objectives: the form of section 7 of the monitoring guide, which the head of `slos.yaml` explains.
 *
 * @throws SloFileError that names every mistake with its line and column.
 */
export function readSlos(text: string, { file, bucketsOf }: SloFileOptions): Slo[] {
  const yaml = readLocatedYaml(text, file);
  const fields = yaml.mapping(yaml.root, ['slis', 'slos']);
  for (const key of ['slis', 'slos'] as const)
    if (fields !== undefined && !fields.has(key)) yaml.complain(yaml.root, `has no ${key}`, `a list ${key}`);
  const entriesOf = (key: 'slis' | 'slos') => {
    const field = fields?.get(key);
    return field === undefined ? [] : yaml.list(field);
  };
  const slis = entriesOf('slis').map((entry) => readSli(entry, { yaml, bucketsOf }));
  const slos = entriesOf('slos').map((entry) => readSlo(entry, { slis, yaml }));

  checkNames(slis, slos, yaml);
  checkUse(slis, slos, yaml);
  yaml.finish();
  return slos.flatMap(({ slo }) => (slo === undefined ? [] : [slo]));
}

function checkNames(slis: readonly SliEntry[], slos: readonly SloEntry[], yaml: LocatedYaml): void {
  for (const { field, name } of repeated(slis, ({ name }) => name))
    yaml.complain(field, `the name ${name} occurs twice`, 'each name once');
  for (const { field, name } of repeated(slos, ({ name }) => name && alertPrefixOf(name)))
    yaml.complain(
      field,
      `${name} gives its alerts the same names as another objective, ${alertPrefixOf(name ?? '')}`,
      'each name once',
    );
}

/** An indicator is recorded with the name of its objective, so there is one for each. */
function checkUse(slis: readonly SliEntry[], slos: readonly SloEntry[], yaml: LocatedYaml): void {
  for (const { sliField, sliName } of repeated(slos, ({ sliName }) => sliName))
    yaml.complain(sliField, `${sliName} has an objective already`, 'one objective for each indicator');
  const used = new Set(slos.map(({ sliName }) => sliName));
  for (const { field, name } of slis)
    if (name !== undefined && !used.has(name))
      yaml.complain(field, `${name} has no objective`, 'one objective for each indicator');
}

/** The entries whose text an entry before them has had. */
function repeated<Entry>(entries: readonly Entry[], textOf: (entry: Entry) => string | undefined): Entry[] {
  const seen = new Set<string>();
  return entries.filter((entry) => {
    const text = textOf(entry);
    if (text === undefined) return false;
    const isRepeated = seen.has(text);
    seen.add(text);
    return isRepeated;
  });
}
