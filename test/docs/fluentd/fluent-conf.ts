import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Directive, directivesNamed, readDirectives, requireDirective, requireParameter } from './directive.ts';

/** The folder with the configuration of the stack. */
export const composeFolder = join(import.meta.dirname, '../../../compose');

/** A configuration of Fluentd in compose/fluentd, read. */
export interface FluentConf {
  readonly root: Directive;
  /** The sources that follow log files. */
  readonly tails: readonly Directive[];
  readonly monitor: Directive;
  /** What each record passes on its way. */
  readonly filters: readonly Directive[];
  /** Where everything goes that is in no label. */
  readonly output: Directive;
}

/** Reads a configuration that a container gets. @throws Error when it is not as it is written up in FluentConf. */
export async function readFluentConf(name = 'fluent.conf'): Promise<FluentConf> {
  const root = readDirectives(await readFile(join(composeFolder, 'fluentd', name), 'utf8'));
  const sourcesOf = (type: string) =>
    directivesNamed(root, 'source').filter((source) => requireParameter(source, '@type') === type);
  const [monitor] = sourcesOf('monitor_agent');
  if (monitor === undefined) throw new Error(`${name} has no source of @type monitor_agent; the healthcheck asks it`);
  const filters = directivesNamed(root, 'filter');
  return { root, tails: sourcesOf('tail'), monitor, filters, output: requireDirective(root, 'match') };
}

/** The source with this tag. @throws Error when there is none */
export function tailOf({ tails }: FluentConf, tag: string): Directive {
  const source = tails.find((tail) => requireParameter(tail, 'tag') === tag);
  if (source === undefined) throw new Error(`there is no tail source with the tag ${tag}`);
  return source;
}
