import { setTimeout as sleep } from 'node:timers/promises';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { seededGenerator } from './random.ts';
import type { VmOperation } from './state-machine.ts';

/** How a VM is shut down. */
export interface Stop {
  /** Seconds that the guest has to shut down by itself. With 0 the VM is switched off at once. */
  readonly graceSeconds: number;
  /** Is called when the guest has not shut down in time and the VM is switched off. */
  readonly onOverdue: () => void;
}

/** Performs operations, which take time and can fail. */
export interface Hypervisor {
  /**
   * @param stop how to `shutdown`; by default the guest has unlimited time
   * @throws Error when the operation failed; the VM keeps its state.
   */
  perform(operation: VmOperation, vmId: string, stop?: Stop): Promise<void>;
}

/** A log-normal distribution of times. */
interface Duration {
  readonly medianSeconds: number;
  readonly spread: number;
}

/**
 * Durations of operations, log-normal around a median. The documentation of metald says 2 to 5 s for a boot; a median of
 * 3.2 s with this spread puts nine boots of ten in that range. Most guests shut down quickly, some write much data first:
 * one of six takes more than 2 s, one of a hundred more than 5 s. A reboot is a shutdown and a boot. The other operations
 * are a single call of the hypervisor.
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

/** Switching a VM off is a single call of the hypervisor, whatever the guest does. */
const switchOff: Duration = { medianSeconds: 0.02, spread: 0.3 };

/** Makes a hypervisor that only takes time: `timeScale` times less than a real hypervisor. */
export function createSimulatedHypervisor({ seed, timeScale }: { seed: number; timeScale: number }): Hypervisor {
  const random = seededGenerator(seed);

  /** A random number of the standard normal distribution (Box and Muller). */
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - uniformFloat64(random))) * Math.cos(2 * Math.PI * uniformFloat64(random));

  const chooseSeconds = ({ medianSeconds, spread }: Duration) => medianSeconds * Math.exp(spread * normal());
  const take = (seconds: number) => sleep((1_000 * seconds) / timeScale);

  return {
    async perform(operation, _vmId, stop) {
      const seconds = chooseSeconds(durations[operation]);
      const graceSeconds = stop?.graceSeconds ?? Number.POSITIVE_INFINITY;
      if (seconds <= graceSeconds) return take(seconds);
      if (graceSeconds > 0) {
        await take(graceSeconds);
        stop?.onOverdue();
      }
      await take(chooseSeconds(switchOff));
    },
  };
}
