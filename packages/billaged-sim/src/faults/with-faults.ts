import { createSeededChance, createServiceFaults, type ServiceFaults } from '@vmobs/faults';
import type { UsageLedger } from '../ledger/ledger.ts';
import { createAggregationFaults, type SummarisedLedger } from './aggregation-faults.ts';
import { type BatchFaults, createBatchFaults } from './batch-faults.ts';
import { createLedgerFaults } from './ledger-faults.ts';

/** The faults of billaged: all of them, and by the component that they affect. */
export type BillagedFaults = ReturnType<typeof createBillagedFaults>;

/** Makes the faults of billaged, all of them off. The same seed gives the same random decisions. */
export function createBillagedFaults({ seed }: { readonly seed: number }) {
  const chance = createSeededChance(seed);
  const service = createServiceFaults(chance);
  const batches = createBatchFaults(chance);
  const ledger = createLedgerFaults();
  const aggregation = createAggregationFaults(chance);
  const all = [...service.faults, ...batches.faults, ...ledger.faults, ...aggregation.faults];
  return { all, service, batches, ledger, aggregation };
}

/** The faults of the billing API: those of any RPC, and those of a batch. */
export interface BillingFaults extends Pick<ServiceFaults, 'interceptor' | 'beforeRpc'>, BatchFaults {}

/** The components of billaged that faults can enter. While no fault is on, they behave as without faults. */
export interface PartsWithFaults {
  /** For the API, the readiness check, the metrics and the retention. */
  readonly ledger: UsageLedger;
  /** For the aggregator. */
  readonly summarisedLedger: SummarisedLedger;
  /** For the billing API, which calls each of them where it takes effect. */
  readonly billing: BillingFaults;
}

/**
 * Wraps the components of billaged in its faults. This is the one place where faults enter, besides the metrics port, which
 * `startTelemetry` opens with `service.wrapMetrics`.
 */
export function withFaults(ledger: UsageLedger, faults: BillagedFaults): PartsWithFaults {
  const faultyLedger = faults.ledger.wrap(ledger);
  return {
    ledger: faultyLedger,
    summarisedLedger: faults.aggregation.wrap(faultyLedger),
    billing: { ...faults.batches.hooks, interceptor: faults.service.interceptor, beforeRpc: faults.service.beforeRpc },
  };
}
