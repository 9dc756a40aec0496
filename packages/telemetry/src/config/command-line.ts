import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './configuration-error.ts';
import { type SettingTable, variableNames } from './settings.ts';

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
    // parseArgs already says which word it stumbled on; its advice about `--` would only confuse here.
    const sentence = error instanceof Error ? error.message.split(/\. |\.?\n/)[0] : String(error);
    throw new UsageError(`${sentence}; --help lists what there is`);
  }
}

/** The table of settings for `--help`: flag, variables, default, and what each is for. */
export function describeSettings(table: SettingTable, prefixes: readonly string[]): string {
  return Object.values(table)
    .map((definition) => {
      const flag =
        definition.flag === undefined ? [] : [`--${definition.kind.isSwitch ? '[no-]' : ''}${definition.flag}`];
      const names = [...flag, ...variableNames(definition, prefixes)].join('  ');
      const value = definition.default === '' ? 'none' : (definition.kind.format ?? String)(definition.default);
      return `  ${names}\n      ${definition.help} (${definition.kind.allowed}; default ${value})`;
    })
    .join('\n');
}
