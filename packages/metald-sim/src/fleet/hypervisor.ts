import { setTimeout as sleep } from 'node:timers/promises';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { seededGenerator } from './random.ts';
import type { VmOperation } from './state-machine.ts';

/** How a VM is shut down. */
export interface Stop {
  /** Seconds that its guest has to end by itself. With 0 it is not asked: the VM is switched off at once. */
  readonly graceSeconds: number;
  /** Is called when the guest has not made it in time and the VM is switched off. */
  readonly onOverdue: () => void;
}

/** What does the work of an operation. It takes its time, and it can fail. */
export interface Hypervisor {
  /**
   * @param stop how a `shutdown` is done; without it the guest may take as long as it likes
   * @throws Error when the operation failed; the VM stays as it was.
   */
  perform(operation: VmOperation, vmId: string, stop?: Stop): Promise<void>;
}

/** A log-normal distribution of times. */
interface Duration {
  readonly medianSeconds: number;
  readonly spread: number;
}

/**
 * How long operations take, log-normally around a median. The documentation of metald says 2 to 5 s for a start; a
 * median of 3.2 s with this spread puts nine starts of ten between them. Most guests have little to end, some write out
 * much first: one of six takes more than 2 s to shut down, one of a hundred more than 5 s. A reboot is a stop and a start.
 * The others are a word to the hypervisor.
 */
const durations: Readonly<Record<VmOperation, Duration>> = {
  create: { medianSeconds: 0.05, spread: 0.3 },
  boot: { medianSeconds: 3.2, spread: 0.28 },
  shutdown: { medianSeconds: 1, spread: 0.7 },
  pause: { medianSeconds: 0.02, spread: 0.3 },
  resume: { medianSeconds: 0.02, spread: 0.3 },
  reboot: { medianSeconds: 4.2, spread: 0.28 },
  delete: { medianSeconds: 0.05, spread: 0.3 },
};

/** To switch a VM off is a word to the hypervisor, whatever its guest does. */
const switchOff: Duration = { medianSeconds: 0.02, spread: 0.3 };

/** Makes a hypervisor that only takes time: `timeScale` times less than a real one. */
export function createSimulatedHypervisor({ seed, timeScale }: { seed: number; timeScale: number }): Hypervisor {
  const random = seededGenerator(seed);

  /** A draw from the standard normal distribution (Box and Muller). */
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - uniformFloat64(random))) * Math.cos(2 * Math.PI * uniformFloat64(random));

  const draw = ({ medianSeconds, spread }: Duration) => medianSeconds * Math.exp(spread * normal());
  const take = (seconds: number) => sleep((1_000 * seconds) / timeScale);

  return {
    async perform(operation, _vmId, stop) {
      const seconds = draw(durations[operation]);
      const graceSeconds = stop?.graceSeconds ?? Number.POSITIVE_INFINITY;
      if (seconds <= graceSeconds) return take(seconds);
      if (graceSeconds > 0) {
        await take(graceSeconds);
        stop?.onOverdue();
      }
      await take(draw(switchOff));
    },
  };
}
