import type { Catalogue } from '@vmobs/telemetry';
import { type BreakerState, breakerStates } from './billing/breaker.ts';
import type { Recovery, SpoolDepth } from './billing/spool/spool.ts';

/** What the metrics of the way to billaged are read from. */
export interface ObservedBilling {
  readonly spool: { readonly depth: SpoolDepth; readonly recovery: Pick<Recovery, 'damagedStretches'> };
  readonly billing: { readonly breakerState: BreakerState };
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Defines the metrics of what waits for billaged, which are read at each scrape. */
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
    help: 'Bytes that the spool takes, on disk or in memory; on disk, what billaged has acknowledged counts until its file is deleted.',
    read: () => spool.depth.bytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_spool_limit_bytes',
    help: 'Bytes that the spool may take. Batches beyond that are not taken, and their samples are lost.',
    read: () => spool.depth.limitBytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_spool_damaged_stretches',
    help: 'Stretches of the spool that could not be read when metald started; each is at least one batch or notice that is lost.',
    read: () => spool.recovery.damagedStretches,
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
    help: 'Circuit breaker before billaged: 1 for the state that it is in. Nothing is sent while it is open.',
    labels: { state: breakerStates },
    read: () => breakerStates.map((state) => [{ state }, state === billing.breakerState ? 1 : 0] as const),
  });
}
