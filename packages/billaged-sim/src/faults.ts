import { createSeededChance, createServiceFaults } from '@vmobs/faults';
import { createAggregationFaults } from './faults-aggregation.ts';
import { createBatchFaults } from './faults-batches.ts';
import { createLedgerFaults } from './faults-ledger.ts';

/** Makes everything that can go wrong in billaged on demand, and where it does. From the same seed the same strikes. */
export function createBillagedFaults({ seed }: { readonly seed: number }) {
  const chance = createSeededChance(seed);
  const service = createServiceFaults(chance);
  const batches = createBatchFaults(chance);
  const ledger = createLedgerFaults();
  const aggregation = createAggregationFaults(chance);
  const all = [...service.faults, ...batches.faults, ...ledger.faults, ...aggregation.faults];
  return { all, service, batches, ledger, aggregation };
}
