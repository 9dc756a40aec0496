import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';
import type { GapReport } from '../billing/outbox.ts';
import type { FleetSlots } from '../fleet/fleet-slots.ts';

/** Options of `withGaps`. */
export interface GapOptions {
  /** Time between two samples of a VM, in milliseconds. */
  readonly intervalMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** The probability that no VM can be read in an interval; `undefined` while the fault is off. */
  readonly unreadable: () => number | undefined;
  /** Gets each time in which no VM was sampled. */
  readonly gaps: GapReport;
}

/** Makes the faults of sampling: of its clock, and of its view of the fleet. */
export function createSamplingFaults(chance: Chance) {
  const clockSkew = createFaultSwitch({
    name: 'clock-skew',
    description:
      'The times of usage samples are wrong. After the clock was set back there are no samples until it has caught up.',
    parameters: {
      size: {
        type: 'number',
        description: 'seconds added to the time of a sample',
        unit: 's',
        minimum: -86_400,
        maximum: 86_400,
        default: 30,
      },
    },
  });
  const sampleGaps = createFaultSwitch({
    name: 'sample-gaps',
    description: 'In some intervals no VM is sampled. Each gap is reported to billaged; usage in it is not lost.',
    parameters: { size: probability(0.1, 'share of intervals without samples') },
  });

  /** A clock that may be wrong. */
  const skewed = (now: () => number) => () => now() + 1_000 * (clockSkew.values?.size ?? 0);

  /** A fleet as seen by a sampler that misses intervals: no VM runs in those. */
  function withGaps(slots: FleetSlots, { intervalMs, now, unreadable, gaps }: GapOptions): FleetSlots {
    let interval = 0;
    let missingSince: number | undefined;

    function isMissed(): boolean {
      const isUndisturbed = sampleGaps.values === undefined && unreadable() === undefined;
      if (isUndisturbed && missingSince === undefined) return false;
      const current = Math.floor(performance.now() / intervalMs);
      if (current === interval) return missingSince !== undefined;
      interval = current;
      if (chance(sampleGaps.values?.size) || chance(unreadable())) {
        missingSince ??= now();
      } else if (missingSince !== undefined) {
        const fromMs = missingSince;
        missingSince = undefined;
        gaps.notSampled(fromMs, now());
      }
      return missingSince !== undefined;
    }

    return {
      ...slots,
      get slotCount() {
        return slots.slotCount;
      },
      get bytesPerVm() {
        return slots.bytesPerVm;
      },
      isRunning: (slot) => slots.isRunning(slot) && !isMissed(),
    };
  }

  return { faults: [clockSkew.fault, sampleGaps.fault], skewed, withGaps };
}
