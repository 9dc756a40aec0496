import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';
import type { UsageLedger } from '../ledger/ledger.ts';

/** The part of a ledger that summaries are made from. */
export type SummarisedLedger = Pick<UsageLedger, 'tracked' | 'oncePerPeriod'>;

/** Makes the fault of aggregation, and the wrapper of the ledger that summaries are made from. */
export function createAggregationFaults(chance: Chance) {
  const failing = createFaultSwitch({
    name: 'aggregation-failures',
    description:
      'Aggregation cycles fail, so there are no usage summaries. Bills are kept, and the next cycle that works summarises them.',
    parameters: { size: probability(1, 'share of cycles that fail') },
  });

  const wrap = ({ tracked, oncePerPeriod }: SummarisedLedger): SummarisedLedger => ({
    oncePerPeriod,
    async *tracked(activeSinceNanos) {
      if (chance(failing.values?.size)) throw new Error('the fault aggregation-failures is on');
      yield* tracked(activeSinceNanos);
    },
  });

  return { faults: [failing.fault], wrap };
}
