import { Code, ConnectError } from '@connectrpc/connect';
import { LedgerUnavailableError } from '../ledger/ledger-error.ts';
import type { BillagedMetrics } from '../metrics.ts';

/** After how many seconds a client may try again what was refused for want of room or of a disk. */
const retryAfterSeconds = 1;

/** Headers of an answer that asks to try again. */
export function retryAfter(): Record<string, string> {
  return { 'retry-after': String(retryAfterSeconds) };
}

/**
 * Makes the function that waits for the ledger. What the ledger throws is an internal error of its own component, and the
 * client learns whether to try again: `unavailable` with `Retry-After`, or `internal`.
 */
export function createLedgerGuard(metrics: Pick<BillagedMetrics, 'errors'>) {
  return async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      metrics.errors.inc({ component: 'ledger' });
      if (cause instanceof LedgerUnavailableError) {
        throw new ConnectError(
          `the ledger is unavailable: ${cause.message}`,
          Code.Unavailable,
          retryAfter(),
          [],
          cause,
        );
      }
      throw new ConnectError('the ledger failed', Code.Internal, undefined, undefined, cause);
    }
  };
}
