import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.ts';

/** A line of a log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A program that runs as a process of its own. */
export interface RunningProgram {
  readonly pid: number;
  /** What it has written up to now. */
  readonly written: { readonly stdout: string; readonly stderr: string };
  /** The whole lines of its log up to now. */
  log(): LogLine[];
  signal(name: NodeJS.Signals): void;
  /** Waits for its end. */
  ended(): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>;
}

/**
 * Starts a program of Node. The caller ends it.
 *
 * @param main path of its first file
 * @param env its variables; it has no others
 */
export function startProgram(
  main: string,
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningProgram {
  const child = spawn(process.execPath, [main, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
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

/** Waits until a service says in its log that it is ready, and where. */
export async function untilReady(service: RunningProgram): Promise<{ url: string; metricsUrl: string }> {
  const findReady = () => service.log().find(({ msg }) => String(msg).endsWith('is ready'));
  const ready = await eventually(findReady, (line) => line !== undefined);
  return { url: String(ready?.['url']), metricsUrl: String(ready?.['metrics_url']) };
}
