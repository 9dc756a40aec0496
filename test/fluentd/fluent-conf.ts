import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Directive, directivesNamed, requireDirective, requireParameter } from './directive.ts';
import { parseFluentdConfig } from './parse-config.ts';

/** The folder with the configuration of the stack. */
export const composeFolder = join(import.meta.dirname, '../../compose');

/** compose/fluentd/fluent.conf, read. */
export interface FluentConf {
  readonly root: Directive;
  /** The sources that follow log files. */
  readonly tails: readonly Directive[];
  readonly monitor: Directive;
  /** Where everything goes that is in no label. */
  readonly output: Directive;
}

/** Reads the configuration that the container gets. @throws Error when it is not as it is written up in FluentConf. */
export async function readFluentConf(): Promise<FluentConf> {
  const root = parseFluentdConfig(await readFile(join(composeFolder, 'fluentd/fluent.conf'), 'utf8'), 'fluent.conf');
  const sourcesOf = (type: string) =>
    directivesNamed(root, 'source').filter((source) => requireParameter(source, '@type') === type);
  const [monitor] = sourcesOf('monitor_agent');
  if (monitor === undefined)
    throw new Error('fluent.conf has no source of @type monitor_agent; the healthcheck asks it');
  return { root, tails: sourcesOf('tail'), monitor, output: requireDirective(root, 'match') };
}
