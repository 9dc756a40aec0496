import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '@vmobs/settings';

/** A program to start as a separate process. */
export interface ProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly flags: readonly string[];
  /** Environment variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** File for its standard output and standard error. */
  readonly logFile: string;
  /** Address that answers with a success status once the program is ready. */
  readonly readyUrl: string;
  /** Whether to open an IPC channel, so that one of our programs notices when its launcher ends. @default false */
  readonly ipc?: boolean;
  /** Aborts the start. */
  readonly signal: AbortSignal;
  /** Called when it ends without `stop`. */
  readonly onDeath: (name: string, reason: string) => void;
}

/** A running program. */
export interface StartedProcess {
  /** Ends it, by force if it does not end in time. `SIGKILL` ends it by force at once, like a crash. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Time limit for the start, on a slow machine that loads the program for the first time. */
const startLimitMs = 30_000;

/** Time limit for the end. metald may use 3 s of it to send its remaining batches. */
const stopLimitMs = 4_000;

/**
 * Starts a program and waits until it is ready.
 *
 * It leads its own process group, so that Ctrl-C in a terminal reaches only the launcher, which then ends all in order.
 *
 * @throws CommandError with the end of its log if it ends before it is ready, or is not ready in time.
 */
export async function startProcess(options: ProcessOptions): Promise<StartedProcess> {
  const { name, command, flags, env, logFile, readyUrl, ipc = false, signal, onDeath } = options;
  const log = openSync(logFile, 'a');
  const child = spawn(command, flags, {
    detached: true,
    stdio: ['ignore', log, log, ...(ipc ? (['ipc'] as const) : [])],
    env: { ...process.env, ...env },
  });
  closeSync(log);
  const exit = once(child, 'exit');
  const reason = async () => (await endOf(logFile)) || `see ${logFile}`;

  const isReady = await Promise.race([untilReady(readyUrl, signal), exit.then(() => false)]);
  if (!isReady) {
    if (child.exitCode === null) await stopChild(child, exit, 'SIGTERM');
    throw new CommandError(`${name} did not start: ${await reason()}`);
  }

  let isStopping = false;
  void exit.then(async ([status, killedBy]) => {
    if (!isStopping) onDeath(name, `status ${status ?? killedBy}; ${await reason()}`);
  });
  return {
    async stop(signal = 'SIGTERM') {
      isStopping = true;
      await stopChild(child, exit, signal);
    },
  };
}

async function stopChild(child: ChildProcess, exit: Promise<unknown[]>, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const isDone = await Promise.race([exit.then(() => true), sleep(stopLimitMs, false, { ref: false })]);
  if (!isDone) {
    child.kill('SIGKILL');
    await exit;
  }
}

async function untilReady(url: string, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline && !signal.aborted) {
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return true;
    await sleep(50);
  }
  return false;
}

/** The last line of a log, which says why a program ended. */
async function endOf(logFile: string): Promise<string> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return log.trimEnd().split('\n').at(-1)?.slice(-1_000) ?? '';
}
