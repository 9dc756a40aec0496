import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';
import type { UsageLedger } from './ledger/ledger.ts';

type SummarisedLedger = Pick<UsageLedger, 'tracked' | 'oncePerPeriod'>;

/** Makes the fault of aggregation, and what is put around the ledger that it reads. */
export function createAggregationFaults(chance: Chance) {
  const failing = createFaultSwitch({
    name: 'aggregation-failures',
    description:
      'Usage summaries are not made: the cycle fails. Bills are kept, and the next cycle that works has them all.',
    parameters: { size: probability(1, 'share of cycles that fail') },
  });

  const around = ({ tracked, oncePerPeriod }: SummarisedLedger): SummarisedLedger => ({
    oncePerPeriod,
    async *tracked(activeSinceNanos) {
      if (chance(failing.values?.size)) throw new Error('the fault aggregation-failures is on');
      yield* tracked(activeSinceNanos);
    },
  });

  return { faults: [failing.fault], around };
}
