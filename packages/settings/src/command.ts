import { inspect } from 'node:util';
import { describeSettings, parseCommandLine } from './command-line.ts';
import { CommandError } from './errors.ts';
import { describeIgnoredVariables, findIgnoredVariables, type IgnoredVariables } from './ignored-variables.ts';
import { readSettings, type SettingTable, type SettingValues } from './settings.ts';

/** A program that is started from a command line. */
export interface Command<Table extends SettingTable> {
  readonly name: string;
  readonly version: string;
  /** One or two sentences on what it does. */
  readonly summary: string;
  readonly settings: Table;
  /** Words of the command line. @default those of the process */
  readonly argv?: readonly string[];
  /** Exit statuses that it has besides 0, 1 and 2, for `--help`: `3` is `lines are missing`. @default none */
  readonly statuses?: Readonly<Record<number, string>>;
  /** Prefixes of its environment variables, first set wins. */
  readonly prefixes: readonly string[];
  /** Variables of the program that this one stands for, that it accepts and ignores. @default none */
  readonly ignored?: { readonly standsFor: string; readonly groups: readonly IgnoredVariables[] };
  /**
   * Runs until it is done and gives the exit status.
   *
   * @param ignoredVariables those that are set and ignored, for the log
   */
  readonly main: (values: SettingValues<Table>, ignoredVariables: readonly string[]) => Promise<number>;
}

/**
 * Runs a command: answers `--help` and `--version`, reads settings from flags and environment, and turns the errors that
 * a user can fix into one clear message and an exit status.
 *
 * Statuses: 0 done, 1 failed (a port in use, an unclean shutdown), 2 a setting or flag that cannot be used.
 */
export async function runCommand<Table extends SettingTable>(command: Command<Table>): Promise<never> {
  process.exit(await exitStatusOf(command, command.argv ?? process.argv.slice(2)));
}

async function exitStatusOf<Table extends SettingTable>(
  command: Command<Table>,
  argv: readonly string[],
): Promise<number> {
  const { name, settings, prefixes, ignored } = command;
  const { env } = process;
  try {
    const { flags, wantsHelp, wantsVersion } = parseCommandLine(settings, argv);
    if (wantsHelp) process.stdout.write(helpText(command));
    else if (wantsVersion) process.stdout.write(`${name} ${command.version}\n`);
    else {
      const values = readSettings(settings, { env, prefixes, flags });
      return await command.main(values, findIgnoredVariables(ignored?.groups ?? [], env, prefixes));
    }
    return 0;
  } catch (error) {
    const isExpected = error instanceof CommandError;
    process.stderr.write(`${name}: ${isExpected ? error.message : inspect(error)}\n`);
    return isExpected ? error.exitStatus : 1;
  }
}

function helpText<Table extends SettingTable>(command: Command<Table>): string {
  const { name, summary, settings, prefixes, ignored, statuses = {} } = command;
  const others = Object.entries(statuses).map(([status, meaning]) => `, ${status} ${meaning}`);
  return `${[
    `Usage: ${name} [flags]`,
    summary,
    'Flags and environment variables; a flag wins over a variable, an earlier variable over a later one.',
    '  -h, --help\n      show this\n  -v, --version\n      show the version',
    describeSettings(settings, prefixes),
    ...(ignored === undefined
      ? []
      : [
          `Accepted and ignored, because the real ${ignored.standsFor} reads them:\n${describeIgnoredVariables(ignored.groups, prefixes)}`,
        ]),
    `Exit status: 0 done, 1 failed, 2 a flag or setting that cannot be used${others.join('')}.`,
  ].join('\n\n')}\n`;
}
