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
  /** Reopens log files; called on SIGHUP. */
  reopenLogs?(): void;
}

/**
 * Waits for the end of a service and closes it in order.
 *
 * SIGTERM, SIGINT, its own end and the end of a parent process that had opened an IPC channel close it; a second signal ends
 * the process at once with 128 plus its number. An exception or a rejection that nobody caught is logged and ends the
 * service, too.
 *
 * @returns the exit status: 0 after a clean end, 1 when closing failed or an exception was the reason.
 */
export function runUntilSignal(service: Runnable): Promise<number> {
  const { logger } = service;
  return new Promise((resolve) => {
    let isClosing = false;
    const end = (exitStatus: number) => {
      if (isClosing) return;
      isClosing = true;
      service.close().then(
        () => resolve(exitStatus),
        (error: unknown) => {
          process.stderr.write(`shutdown was not clean: ${messageOf(error)}\n`);
          resolve(1);
        },
      );
    };
    const onSignal = (signal: 'SIGINT' | 'SIGTERM', number: number) => () => {
      if (isClosing) process.exit(128 + number);
      logger?.info({ signal }, 'signal received');
      end(0);
    };
    const onFault = (reason: unknown) => {
      // Anything can be thrown; the field `err` is an error in every line.
      const error = reason instanceof Error ? reason : new Error(inspect(reason));
      if (logger === undefined) process.stderr.write(`${inspect(error)}\n`);
      else logger.fatal({ err: error }, 'uncaught exception');
      if (isClosing) process.exit(1);
      end(1);
    };
    process.on('SIGINT', onSignal('SIGINT', 2));
    process.on('SIGTERM', onSignal('SIGTERM', 15));
    process.on('SIGHUP', () => service.reopenLogs?.());
    process.on('uncaughtException', onFault);
    service.ended?.then(end, onFault);
    if (process.connected) process.once('disconnect', () => end(0));
  });
}
