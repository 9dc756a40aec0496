import { closeSync, openSync } from 'node:fs';
import { inspect } from 'node:util';
import { messageOf } from '@vmobs/settings';
import type { Logger } from '../logs/logger.ts';

/** What is run until a signal ends it. */
export interface Runnable {
  close(): Promise<void>;
  /** Logs signals and uncaught exceptions. @default standard error, for exceptions only */
  readonly logger?: Logger;
  /** Gives the exit status when it has come to its own end, before any signal. */
  readonly ended?: Promise<number>;
  /** Reopens log files on SIGHUP. @default SIGHUP ends the service */
  readonly reopenLogs?: (() => void) | undefined;
}

/** How long a start may take to give up after a signal, in milliseconds. */
const abandonMs = 4_000;

const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type EndSignal = keyof typeof signals;

/**
 * Starts a service, waits for its end and closes it in order.
 *
 * SIGTERM, SIGINT, its own end and the end of a parent process that had opened an IPC channel close it; a second signal ends
 * the process at once with 128 plus its number. So does SIGHUP, unless the service has log files to reopen and its terminal
 * is still there. An exception or a rejection that nobody caught is logged and ends the service, too. A signal during the
 * start ends it as soon as the start is done or has given up, and at the latest after 4 s.
 *
 * @param start gets a signal that is aborted when the service is to end; an error that it throws after that does not count
 * @returns the exit status: 0 after a clean end, 1 when closing failed or an exception was the reason.
 * @throws the error of the start
 */
export function runUntilSignal(start: (signal: AbortSignal) => Promise<Runnable> | Runnable): Promise<number> {
  const ending = new AbortController();
  const exitStatus = Promise.withResolvers<number>();
  const hadTerminal = hasTerminal();
  let service: Runnable | undefined;
  let firstSignal: EndSignal | undefined;
  let statusOfEnd = 0;
  let abandoned: NodeJS.Timeout | undefined;

  const close = (running: Runnable) => {
    running.close().then(
      () => exitStatus.resolve(statusOfEnd),
      (error: unknown) => {
        process.stderr.write(`shutdown was not clean: ${messageOf(error)}\n`);
        exitStatus.resolve(1);
      },
    );
  };
  const end = (status: number) => {
    if (ending.signal.aborted) return;
    statusOfEnd = status;
    ending.abort();
    if (service !== undefined) close(service);
    else abandoned = setTimeout(() => exitStatus.resolve(statusOfEnd), abandonMs);
  };
  const onSignal = (signal: EndSignal) => {
    if (signal === 'SIGHUP' && service?.reopenLogs !== undefined && hasTerminal() === hadTerminal) {
      return service.reopenLogs();
    }
    if (ending.signal.aborted) {
      // The terminal that closes sends SIGHUP again and again; it does not ask for more than the first one.
      if (signal !== 'SIGHUP') process.exit(128 + signals[signal]);
      return;
    }
    firstSignal = signal;
    service?.logger?.info({ signal }, 'signal received');
    end(0);
  };
  const onFault = (reason: unknown) => {
    // Anything can be thrown; the field `err` is an error in every line.
    const error = reason instanceof Error ? reason : new Error(inspect(reason));
    if (service?.logger === undefined) process.stderr.write(`${inspect(error)}\n`);
    else service.logger.fatal({ err: error }, 'uncaught exception');
    if (ending.signal.aborted) process.exit(1);
    end(1);
  };
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  process.on('uncaughtException', onFault);
  if (process.connected) process.once('disconnect', () => end(0));

  const started = async () => {
    const running = await start(ending.signal);
    service = running;
    if (ending.signal.aborted) {
      running.logger?.info({ signal: firstSignal }, 'signal received');
      return close(running);
    }
    running.ended?.then(end, onFault);
  };
  started()
    .catch((error: unknown) => {
      if (ending.signal.aborted) exitStatus.resolve(statusOfEnd);
      else exitStatus.reject(error);
    })
    .finally(() => clearTimeout(abandoned));
  return exitStatus.promise;
}

/** Whether this process has a terminal that is still there. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
