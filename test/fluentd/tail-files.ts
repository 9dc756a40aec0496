import { glob, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Directive, requireDirective, requireParameter } from './directive.ts';
import { compileTimeFormat, type EventTime } from './strptime.ts';

/** Where the containers of the stack have the logs. */
const logFolder = '/var/log';

/** A line of a log as Fluentd passes it on. */
export interface LogEvent {
  readonly tag: string;
  readonly time: EventTime;
  readonly record: Readonly<Record<string, unknown>>;
}

/** The path of a source, with this folder in the place of /var/log. @throws Error for a path anywhere else */
export function placePath(source: Directive, folder: string): string {
  const path = requireParameter(source, 'path');
  const below = relative(logFolder, path);
  if (below.startsWith('..')) throw new Error(`the path ${path} is not below ${logFolder}, where the logs are mounted`);
  return join(folder, below);
}

/**
 * Reads what a tail source reads from the head of its files: the whole lines of every file that its path matches, parsed as its
 * `<parse>` says.
 *
 * @param folder stands in the place of /var/log.
 * @throws Error that names file and line for one that Fluentd could not pass on as what it is.
 */
export async function tailFiles(source: Directive, folder: string): Promise<LogEvent[]> {
  const tag = requireParameter(source, 'tag');
  const parse = readParse(requireDirective(source, 'parse'));
  const events: LogEvent[] = [];
  for (const file of await matchFiles(source, folder)) {
    const lines = (await readFile(file, 'utf8')).match(/^.*\n/gm) ?? [];
    for (const [index, line] of lines.entries()) {
      try {
        events.push({ tag, ...parse(line) });
      } catch (error) {
        throw new Error(`${file}:${index + 1}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    }
  }
  return events;
}

/** The files that the path of a source matches now, in order of their names. */
export async function matchFiles(source: Directive, folder: string): Promise<string[]> {
  return (await Array.fromAsync(glob(placePath(source, folder)))).sort();
}

/** Makes the parser that a `<parse>` describes; of its types, there is `json`. */
export function readParse(parse: Directive): (line: string) => Omit<LogEvent, 'tag'> {
  const type = requireParameter(parse, '@type');
  if (type !== 'json')
    throw new Error(`<parse> in line ${parse.line}: @type ${type} is not read here; it must be json`);
  const timeKey = requireParameter(parse, 'time_key');
  const readTime = compileTimeFormat(requireParameter(parse, 'time_format'));
  const keepsTimeKey = parse.parameters.get('keep_time_key') === 'true';
  return (line) => {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error(`${line} is no object`);
    const { [timeKey]: timeValue, ...others } = parsed as Record<string, unknown>;
    return { time: readTime(timeValue), record: keepsTimeKey ? { ...parsed } : others };
  };
}
