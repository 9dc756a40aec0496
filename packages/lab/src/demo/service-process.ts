import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '@vmobs/telemetry';

/** A service to start as a process of its own. */
export interface ServiceProcessOptions {
  readonly name: string;
  /** Path of its `main.ts`. */
  readonly main: string;
  readonly flags: readonly string[];
  /** File that its log goes to. */
  readonly logFile: string;
  /** Address that answers `/ready` with 200 when it wants traffic. */
  readonly metricsUrl: string;
  /** Aborted when it is not wanted any more before it is ready. */
  readonly signal: AbortSignal;
  /** Is told when it ends without having been asked to. */
  readonly onDeath: (name: string, reason: string) => void;
}

/** A service that runs as a process of its own. */
export interface ServiceProcess {
  /** Asks it to end, and ends it by force when it does not. */
  stop(): Promise<void>;
}

/** How long a service may take to be ready, on a slow machine that compiles it for the first time. */
const startLimitMs = 30_000;

/** How long a service may take to end. Metald may use 3 s of it to send what is left. */
const stopLimitMs = 4_000;

/**
 * Starts a service and waits until it is ready.
 *
 * It is the leader of its own process group, so that Ctrl-C in a terminal reaches the launcher alone, which then ends
 * all in order. Its IPC channel tells it when the launcher is gone, and it ends, too.
 *
 * @throws CommandError with what it said on standard error when it ends before it is ready.
 */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { name, main, flags, logFile, metricsUrl, signal, onDeath } = options;
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [main, ...flags], { detached: true, stdio: ['ignore', log, 'pipe', 'ipc'] });
  closeSync(log);
  const exit = once(child, 'exit');
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4_000);
  });

  const isReady = await Promise.race([untilReady(metricsUrl, signal), exit.then(() => false)]);
  if (!isReady) {
    if (child.exitCode === null) await stopChild(child, exit);
    throw new CommandError(`${name} did not start: ${complaint.trim() || `see ${logFile}`}`);
  }

  let isStopping = false;
  void exit.then(([status, signal]) => {
    if (!isStopping) onDeath(name, `status ${status ?? signal}; ${complaint.trim() || `see ${logFile}`}`);
  });
  return {
    async stop() {
      isStopping = true;
      await stopChild(child, exit);
    },
  };
}

async function stopChild(child: ChildProcess, exit: Promise<unknown[]>): Promise<void> {
  child.kill('SIGTERM');
  const isDone = await Promise.race([exit.then(() => true), sleep(stopLimitMs, false, { ref: false })]);
  if (!isDone) {
    child.kill('SIGKILL');
    await exit;
  }
}

async function untilReady(metricsUrl: string, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline && !signal.aborted) {
    const isReady = await fetch(`${metricsUrl}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return true;
    await sleep(50);
  }
  return false;
}
