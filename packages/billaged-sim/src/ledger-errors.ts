import { Code, ConnectError } from '@connectrpc/connect';
import { messageOf } from '@vmobs/settings';
import { LedgerUnavailableError, type UsageLedger } from './ledger/ledger.ts';
import type { BillagedMetrics } from './metrics.ts';

/** Seconds after which a client may retry a request that was refused as unavailable. */
const retryAfterSeconds = 1;

/** Headers of an answer that asks for a retry. */
export function retryAfter(): Record<string, string> {
  return { 'retry-after': String(retryAfterSeconds) };
}

/**
 * Makes the function that waits for the ledger. An error of the ledger is counted for the component `ledger`, and becomes
 * `unavailable` with `Retry-After` if a retry can help, otherwise `internal`.
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

/**
 * Makes the readiness check of the ledger: `true`, or the reason why it cannot be written. A service that cannot acknowledge
 * batches should get none.
 */
export function createLedgerCheck(ledger: Pick<UsageLedger, 'check'>): () => Promise<true | string> {
  return () =>
    ledger.check().then(
      () => true,
      (error: unknown) => messageOf(error),
    );
}
