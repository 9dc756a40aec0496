import { fileURLToPath } from 'node:url';
import { type RunningProgram, startProgram } from '@vmobs/testing';
import { onTestFinished } from 'vitest';

/** What a user can start. */
export type CommandName = 'metald-sim' | 'billaged-sim' | 'demo';

const mains: Readonly<Record<CommandName, string>> = {
  'metald-sim': '@vmobs/metald-sim/main',
  'billaged-sim': '@vmobs/billaged-sim/main',
  demo: '@vmobs/lab/demo',
};

/**
 * Starts a command as its user would, with these variables and no others, except that metald leaves nothing on the disk
 * unless told to. The caller ends it.
 */
export function startCommand(
  name: CommandName,
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProgram {
  const main = fileURLToPath(import.meta.resolve(mains[name]));
  return startProgram(main, flags, { UNKEY_METALD_SIM_SPOOL: 'memory', ...env });
}

/** The same, for the length of one test. */
export function startCommandInTest(...parameters: Parameters<typeof startCommand>): RunningProgram {
  const command = startCommand(...parameters);
  onTestFinished(() => command.signal('SIGKILL'));
  return command;
}
