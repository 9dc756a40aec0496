import type { Catalogue } from '@vmobs/telemetry';
import { type BreakerState, breakerStates } from '../billing/breaker.ts';
import type { Recovery, SpoolDepth } from '../billing/spool/spool.ts';

/** The state that metrics of the delivery to billaged are read from. */
export interface ObservedBilling {
  readonly spool: { readonly depth: SpoolDepth; readonly recovery: Pick<Recovery, 'corruptions'> };
  readonly billing: { readonly breakerState: BreakerState };
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Defines the metrics of the spool and the circuit breaker, which are read at each scrape. */
export function observeBilling(catalogue: Catalogue, { spool, billing, now }: ObservedBilling): void {
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_queue_batches',
    help: 'Batches and notices that wait to be sent to billaged.',
    read: () => spool.depth.entries,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_spool_batches',
    help: 'Batches in the spool: not acknowledged by billaged.',
    read: () => spool.depth.batches,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_spool_samples',
    help: 'Usage samples in the batches of the spool.',
    read: () => spool.depth.samples,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_spool_bytes',
    help: 'Bytes of the spool, on disk or in memory. On disk, acknowledged entries count until their file is deleted.',
    read: () => spool.depth.bytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_spool_limit_bytes',
    help: 'Limit of the spool in bytes. Batches beyond it are dropped, and their samples are lost.',
    read: () => spool.depth.limitBytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_spool_corruptions',
    help: 'Corrupt places of the spool that metald could not read at its start. Each has lost at least one batch or notice.',
    read: () => spool.recovery.corruptions,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_oldest_batch_age_seconds',
    help: 'How long the oldest batch of the spool has waited, in seconds; 0 when none waits.',
    read: () => Math.max(0, now() - (spool.depth.oldestBatchAtMs ?? now())) / 1_000,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_breaker_state',
    help: 'Circuit breaker of the delivery to billaged: 1 for its current state. Nothing is sent while it is open.',
    labels: { state: breakerStates },
    read: () => breakerStates.map((state) => [{ state }, state === billing.breakerState ? 1 : 0] as const),
  });
}
