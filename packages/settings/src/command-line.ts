import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './errors.ts';
import { type Setting, type SettingTable, variableNames } from './settings.ts';

/** What a command line said. */
export interface CommandLine {
  /** Values by flag name, for `readSettings`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
}

/**
 * Reads a command line against the flags of a table of settings, `--help` and `--version`.
 *
 * @throws UsageError for a flag that does not exist, a flag without its value, or a stray word.
 */
export function parseCommandLine(table: SettingTable, argv: readonly string[]): CommandLine {
  const options: ParseArgsOptionsConfig = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  };
  for (const { flag, kind } of Object.values(table)) {
    if (flag !== undefined) options[flag] = { type: kind.isSwitch ? 'boolean' : 'string' };
  }
  try {
    const { values } = parseArgs({ args: [...argv], strict: true, allowNegative: true, options });
    const given = Object.entries(values).filter(([flag]) => flag !== 'help' && flag !== 'version');
    return {
      flags: Object.fromEntries(given.map(([flag, value]) => [flag, String(value)])),
      wantsHelp: values['help'] === true,
      wantsVersion: values['version'] === true,
    };
  } catch (error) {
    throw new UsageError(`${sentenceOf(error)}; --help lists all flags`);
  }
}

/** What is wrong, in one sentence: parseArgs says which word it stumbled on, and its advice about `--` would only confuse here. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, flag] = /^Option '(?:-\w, )?(--[\w-]+)' argument is ambiguous/.exec(error.message) ?? [];
  if (flag !== undefined)
    return `${flag} has no value; a value with a dash at its beginning is written as in ${flag}=-1`;
  return error.message.split(/\. |\.?\n/)[0] ?? error.message;
}

/**
 * The table of settings for `--help`: flag, variables, default, and what each is for. Settings without a group come first,
 * then the groups in the order of their first settings, each under its heading.
 */
export function describeSettings(table: SettingTable, prefixes: readonly string[]): string {
  const groups = Map.groupBy(Object.values(table), ({ group }) => group);
  const describe = (group: string | undefined) =>
    (groups.get(group) ?? []).map((definition) => describeSetting(definition, prefixes));
  const headings = [...groups.keys()].filter((group) => group !== undefined);
  return [
    ...(groups.has(undefined) ? [describe(undefined).join('\n')] : []),
    ...headings.map((heading) => [`${heading}:`, ...describe(heading)].join('\n')),
  ].join('\n\n');
}

function describeSetting(definition: Setting<unknown>, prefixes: readonly string[]): string {
  const flag = definition.flag === undefined ? [] : [`--${definition.kind.isSwitch ? '[no-]' : ''}${definition.flag}`];
  const names = [...flag, ...variableNames(definition, prefixes)].join('  ');
  const value = definition.default === '' ? 'none' : (definition.kind.format ?? String)(definition.default);
  return `  ${names}\n      ${definition.help} (${definition.kind.allowed}; default ${value})`;
}
