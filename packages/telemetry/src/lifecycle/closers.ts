/** Everything that a service has opened, in the order in which it was opened. */
export interface Closers {
  /** Adds what closes the thing that was opened last. */
  add(close: () => Promise<void> | void): void;
  /**
   * Closes everything in reverse order, each after the one before it has ended. One that fails does not keep the others
   * open. A second call closes nothing more and ends with the first.
   *
   * @throws the error of the one that failed, or an AggregateError when several did
   */
  close(): Promise<void>;
  /**
   * Runs a part of a start. When it fails, everything that is open is closed before its error is thrown; an error of a
   * closer is not reported then, as it is usually a result of the first.
   */
  closeOnError<Result>(start: () => Promise<Result> | Result): Promise<Result>;
}

/**
 * Makes an empty list of closers, for a service that opens several things, each on top of the others.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createClosers } from '@vmobs/telemetry/command';
 *
 * const closers = createClosers();
 * await closers.closeOnError(async () => {
 *   const server = createServer().listen(0);
 *   closers.add(() => void server.close());
 *   telemetry.health.addCheck('server', async () => server.listening);
 * });
 * await closers.close();
 * ```
 */
export function createClosers(): Closers {
  const open: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (let close = open.pop(); close !== undefined; close = open.pop()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} things could not be closed`);
  }

  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }

  return {
    add: (closer) => void open.push(closer),
    close,
    async closeOnError(start) {
      try {
        return await start();
      } catch (error) {
        await close().catch(() => undefined);
        throw error;
      }
    },
  };
}
