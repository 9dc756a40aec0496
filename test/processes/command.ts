import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';

/** What a user can start. */
export type CommandName = 'metald-sim' | 'billaged-sim' | 'demo';

/** A line of a log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A command that runs as a process of its own, as its user would start it. */
export interface RunningCommand {
  readonly pid: number;
  /** What it has written up to now. */
  readonly written: { readonly stdout: string; readonly stderr: string };
  /** The whole lines of its log up to now. */
  log(): LogLine[];
  signal(name: NodeJS.Signals): void;
  /** Waits for its end. */
  ended(): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>;
}

const mains: Readonly<Record<CommandName, string>> = {
  'metald-sim': '@vmobs/metald-sim/main',
  'billaged-sim': '@vmobs/billaged-sim/main',
  demo: '@vmobs/lab/demo',
};

/** Starts a command with these variables and no others, except that metald leaves nothing on the disk unless told to. */
export function startCommand(
  name: CommandName,
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  const main = fileURLToPath(import.meta.resolve(mains[name]));
  const child = spawn(process.execPath, [main, ...flags], {
    env: { UNKEY_METALD_SIM_SPOOL: 'memory', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text));
  const closed = once(child, 'close');
  return {
    pid: child.pid ?? 0,
    written,
    log: () => (written.stdout.match(/^.*\n/gm) ?? []).map((line): LogLine => JSON.parse(line)),
    signal: (signal) => void child.kill(signal),
    ended: async () => ({ status: (await closed)[0], ...written }),
  };
}

/** The same, for the length of one test. */
export function startCommandInTest(...parameters: Parameters<typeof startCommand>): RunningCommand {
  const command = startCommand(...parameters);
  onTestFinished(() => command.signal('SIGKILL'));
  return command;
}

/** Waits until a service says in its log that it is ready, and where. */
export async function untilReady(service: RunningCommand): Promise<{ url: string; metricsUrl: string }> {
  const findReady = () => service.log().find(({ msg }) => String(msg).endsWith('is ready'));
  const ready = await eventually(findReady, (line) => line !== undefined);
  return { url: String(ready?.['url']), metricsUrl: String(ready?.['metrics_url']) };
}
