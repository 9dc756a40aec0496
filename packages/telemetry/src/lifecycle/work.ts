import { timerMs } from '../deadlines/timer-limit.ts';
import { within } from '../deadlines/within.ts';
import type { Runnable } from './run-until-signal.ts';
import type { ServedTelemetry } from './serve.ts';

/**
 * What a service without an HTTP server does: it consumes a queue, or does one job. The service ends when the promise is
 * fulfilled. The signal is aborted when it is to end before.
 */
export type Work = (signal: AbortSignal) => unknown;

/** Options of `telemetry.run` for a service without an HTTP server. */
export interface WorkOptions {
  /** How long the work may take to finish at the end, in milliseconds. @default 3_000 */
  readonly closeTimeoutMs?: number;
}

/** How long the last export may take, in milliseconds. */
const flushMs = 3_000;

/** Begins the work of a service and declares it ready. @param work by default nothing that ends */
export function startWork(
  telemetry: ServedTelemetry,
  work: Work | undefined,
  { closeTimeoutMs = 3_000 }: WorkOptions,
): Runnable {
  const { health, logger } = telemetry;
  const ending = new AbortController();
  const { signal } = ending;
  const isAborted = (error: unknown) => signal.aborted && error === signal.reason;
  health.readiness = 'ready';
  const done = work === undefined ? undefined : (async () => work(signal))();
  // The end of the work is awaited when the service closes.
  const ended = done?.then(
    () => 0,
    (error: unknown) => {
      if (signal.aborted) return 0;
      throw error;
    },
  );

  async function finish(): Promise<void> {
    try {
      await within(Promise.resolve(done), timerMs(closeTimeoutMs), () => {
        throw new Error(`the work was not done ${closeTimeoutMs} ms after the service was told to end`);
      });
    } catch (error) {
      if (!isAborted(error)) throw error;
    }
  }

  return {
    logger,
    ...(ended && { ended }),
    async close() {
      health.readiness = 'draining';
      logger.info('shutting down');
      ending.abort();
      try {
        await finish();
      } finally {
        await telemetry.close(flushMs);
      }
    },
  };
}
