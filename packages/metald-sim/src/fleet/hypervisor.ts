import { setTimeout as sleep } from 'node:timers/promises';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { seededGenerator } from './random.ts';
import type { VmOperation } from './state-machine.ts';

/** What does the work of an operation. It takes its time, and it can fail. */
export interface Hypervisor {
  /** @throws Error when the operation failed; the VM stays as it was. */
  perform(operation: VmOperation, vmId: string): Promise<void>;
}

/**
 * How long operations take, log-normally around a median. The documentation of metald says 2 to 5 s for a start; a
 * median of 3.2 s with this spread puts nine starts of ten between them. A reboot is a stop and a start. The others
 * are a word to the hypervisor.
 */
const durations: Readonly<Record<VmOperation, { medianSeconds: number; spread: number }>> = {
  create: { medianSeconds: 0.05, spread: 0.3 },
  boot: { medianSeconds: 3.2, spread: 0.28 },
  shutdown: { medianSeconds: 1, spread: 0.28 },
  pause: { medianSeconds: 0.02, spread: 0.3 },
  resume: { medianSeconds: 0.02, spread: 0.3 },
  reboot: { medianSeconds: 4.2, spread: 0.28 },
  delete: { medianSeconds: 0.05, spread: 0.3 },
};

/** Makes a hypervisor that only takes time: `timeScale` times less than a real one. */
export function createSimulatedHypervisor({ seed, timeScale }: { seed: number; timeScale: number }): Hypervisor {
  const random = seededGenerator(seed);

  /** A draw from the standard normal distribution (Box and Muller). */
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - uniformFloat64(random))) * Math.cos(2 * Math.PI * uniformFloat64(random));

  return {
    async perform(operation) {
      const { medianSeconds, spread } = durations[operation];
      await sleep((1_000 * medianSeconds * Math.exp(spread * normal())) / timeScale);
    },
  };
}
