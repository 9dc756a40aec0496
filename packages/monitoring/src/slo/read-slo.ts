import type { Field, LocatedYaml } from './located-yaml.ts';
import type { SliEntry } from './read-sli.ts';
import { readText } from './read-text.ts';
import type { Slo } from './slo.ts';

/** An entry of `slos`. Its names are set even when the rest is invalid. */
export interface SloEntry {
  readonly field: Field;
  readonly name: string | undefined;
  readonly sliField: Field;
  readonly sliName: string | undefined;
  /** Undefined when the entry or its indicator is invalid. */
  readonly slo: Slo | undefined;
}

/** Reads one entry of `slos`. */
export function readSlo(field: Field, { slis, yaml }: { slis: readonly SliEntry[]; yaml: LocatedYaml }): SloEntry {
  const keys = ['name', 'sli', 'objective', 'objective_threshold', 'least_errors', 'window', 'team'] as const;
  const fields = yaml.mapping(field, keys);
  if (fields === undefined) return { field, name: undefined, sliField: field, sliName: undefined, slo: undefined };
  const text = (key: 'name' | 'sli' | 'window' | 'team', pattern: RegExp, allowed: string) =>
    readText(fields.get(key), { parent: field, key, yaml, pattern, allowed });

  const name = text('name', /^[A-Za-z][A-Za-z0-9 _-]*$/, 'words of letters and digits; alerts are named after them');
  const team = text('team', /^\w[\w-]*$/, 'the value of a label, such as platform');
  // The burn rates 14.4, 6, 3 and 1 are defined for thirty days.
  const window = text('window', /^30d$/, '30d');
  const sliName = text('sli', /./, 'the name of an indicator');
  const sliField = fields.get('sli') ?? field;
  const entry = slis.find((candidate) => candidate.name === sliName);
  if (sliName !== undefined && entry === undefined)
    yaml.complain(sliField, `there is no indicator ${sliName}`, namesOf(slis));

  const objective = readObjective(fields.get('objective'), { parent: field, yaml });
  const least = readLeastErrors(fields.get('least_errors'), yaml);
  const isThresholdRight = checkThreshold(fields.get('objective_threshold'), { entry, parent: field, yaml });

  const isWhole = name !== undefined && team !== undefined && window !== undefined && objective !== undefined;
  if (!isWhole || least === 'invalid' || !isThresholdRight || entry?.sli === undefined)
    return { field, name, sliField, sliName, slo: undefined };
  const { sli, thresholdSeconds } = entry;
  return {
    field: fields.get('name') ?? field,
    name,
    sliField,
    sliName,
    slo: {
      name,
      sli,
      objective,
      ...(thresholdSeconds !== undefined && { thresholdSeconds }),
      ...(least !== undefined && { leastErrors: least }),
      team,
    },
  };
}

function readObjective(field: Field | undefined, { parent, yaml }: { parent: Field; yaml: LocatedYaml }) {
  const allowed = 'a number above 0, up to 100: percent of the events';
  if (field === undefined) {
    yaml.complain(parent, 'has no objective', allowed);
    return undefined;
  }
  const value = yaml.scalar(field);
  if (value === undefined) return undefined;
  // NaN also fails the comparison.
  if (typeof value === 'number' && value > 0 && value <= 100) return value;
  yaml.complain(field, `is ${typeof value === 'number' ? value : JSON.stringify(value)}`, allowed);
  return undefined;
}

/** The least number of bad events; undefined when the default applies. */
function readLeastErrors(field: Field | undefined, yaml: LocatedYaml): number | 'invalid' | undefined {
  if (field === undefined) return undefined;
  const value = yaml.scalar(field);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  if (value !== undefined) yaml.complain(field, `is ${JSON.stringify(value)}`, 'a whole number of events from 1 on');
  return 'invalid';
}

/** Whether the threshold equals the bucket edge of the indicator, or both are absent. */
function checkThreshold(
  field: Field | undefined,
  { entry, parent, yaml }: { entry: SliEntry | undefined; parent: Field; yaml: LocatedYaml },
): boolean {
  const value = field && yaml.scalar(field);
  // The problem of the indicator has already been reported.
  if (entry?.sli === undefined) return false;
  const { name, thresholdSeconds: edge } = entry;
  if (field === undefined && edge !== undefined)
    yaml.complain(
      parent,
      `has no objective_threshold, and ${name} is a latency indicator`,
      `objective_threshold: ${edge}`,
    );
  else if (field !== undefined && edge === undefined)
    yaml.complain(field, `${name} is not a latency indicator`, 'no objective_threshold');
  else if (field !== undefined && value !== undefined && value !== edge)
    yaml.complain(field, `is ${JSON.stringify(value)}, but ${name} counts another bucket`, `${edge}, in seconds`);
  return value === edge;
}

function namesOf(slis: readonly SliEntry[]): string {
  const names = slis.flatMap(({ name }) => (name === undefined ? [] : [name]));
  return names.length === 0 ? 'the name of an indicator' : names.join(', ');
}
