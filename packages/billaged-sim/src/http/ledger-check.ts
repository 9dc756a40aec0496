import type { UsageLedger } from '../ledger/ledger.ts';

/**
 * Makes the readiness check of the ledger: `true`, or why it cannot be written. A service that cannot acknowledge a batch
 * should get none.
 */
export function createLedgerCheck(ledger: Pick<UsageLedger, 'check'>): () => Promise<true | string> {
  return () =>
    ledger.check().then(
      () => true,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
}
