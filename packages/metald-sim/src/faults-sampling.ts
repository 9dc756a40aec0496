import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';
import type { Fleet } from './fleet/fleet.ts';

/** Options of `withGaps`. */
export interface GapOptions {
  /** Time between two samples of a VM, in milliseconds. */
  readonly intervalMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** The probability that what VMs use cannot be read in an interval; `undefined` when nothing is in the way. */
  readonly unreadable: () => number | undefined;
  /** Is told from when to when no VM was sampled, Unix milliseconds. */
  readonly onGap: (fromMs: number, untilMs: number) => void;
}

/** Makes the faults of sampling: of its clock, and of what it sees of the fleet. */
export function createSamplingFaults(chance: Chance) {
  const clockSkew = createFaultSwitch({
    name: 'clock-skew',
    description:
      'The times of usage samples are wrong. After a clock that is set back there are none until it has caught up.',
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
    description:
      'Intervals pass in which no VM is sampled. billaged is told of each gap; what was used in it is not lost.',
    parameters: { size: probability(0.1, 'share of intervals without samples') },
  });

  /** A clock that may be wrong. */
  const skewed = (now: () => number) => () => now() + 1_000 * (clockSkew.values?.size ?? 0);

  /** A fleet as a sampler sees it that misses intervals: no VM runs in those. */
  function withGaps<Config>(fleet: Fleet<Config>, { intervalMs, now, unreadable, onGap }: GapOptions): Fleet<Config> {
    const { slots } = fleet;
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
        onGap(fromMs, now());
      }
      return missingSince !== undefined;
    }

    const gappySlots: Fleet<Config>['slots'] = {
      ...slots,
      get slotCount() {
        return slots.slotCount;
      },
      get bytesPerVm() {
        return slots.bytesPerVm;
      },
      isRunning: (slot) => slots.isRunning(slot) && !isMissed(),
    };
    return { ...fleet, slots: gappySlots };
  }

  return { faults: [clockSkew.fault, sampleGaps.fault], skewed, withGaps };
}
