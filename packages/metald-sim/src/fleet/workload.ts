import { noiseAt, subKey } from './noise.ts';
import { type Demand, profileAt, profiles } from './profiles.ts';
import { bootMemoryShare, memoryField, usageWidth } from './usage.ts';

/** The size of a VM. */
export interface Machine {
  readonly vcpus: number;
  readonly memoryBytes: number;
}

/** The numbers that a workload changes: rows of `usageFields`, from the index `at`. */
export interface UsageRows {
  /** Usage until the second began. */
  readonly base: Float64Array;
  /** Usage in that second, in whole units. */
  readonly step: Float64Array;
}

/** How fast memory follows its target: two thirds of the way within this time. */
const memorySettlingSeconds = 30;
const memorySettledEachSecond = 1 - Math.exp(-1 / memorySettlingSeconds);

const minutesOfDay = 1_440;
const busiestMinute = 14 * 60;

/**
 * Makes the load of VMs. It is a function of the seed, the VM, its boot epoch, the second of that boot, and the time of
 * day: nothing depends on when or how often it is read. All counters of a VM move by whole units.
 */
export function createWorkload(seed: number) {
  const fleetKey = subKey(seed, 0);
  const demand: Demand = { utilisation: 0, memory: 0, diskRead: 0, diskWrite: 0, networkRx: 0, networkTx: 0 };
  // The curve of a day, one value per minute: the step between two minutes is below a thousandth of a processor.
  const dayWave = Float64Array.from({ length: minutesOfDay }, (_, minute) =>
    Math.cos((2 * Math.PI * (minute - busiestMinute)) / minutesOfDay),
  );

  return {
    /** Index of the profile of a VM in `profiles`. */
    profileOf: (ordinal: number) => profileAt(noiseAt(fleetKey, ordinal)),

    /** The key of all noise of one boot of a VM. */
    keyOf: (ordinal: number, bootEpoch: number) => subKey(subKey(fleetKey, ordinal), bootEpoch),

    /** Begins a boot: only the memory of the kernel is used. */
    start(base: Float64Array, at: number, machine: Machine): void {
      base.fill(0, at, at + usageWidth);
      base[at + memoryField] = Math.floor(bootMemoryShare * machine.memoryBytes);
    },

    /**
     * Computes the usage of a second.
     *
     * @param unixSeconds when the second begins
     * @returns utilisation of the processors in it, 0 to 1
     */
    beginSecond(
      { base, step }: UsageRows,
      at: number,
      { profile, key, vcpus, memoryBytes }: Machine & { readonly profile: number; readonly key: number },
      second: number,
      unixSeconds: number,
    ): number {
      const minute = Math.floor(unixSeconds / 60) % minutesOfDay;
      profiles[profile]?.demand(demand, key, second, dayWave[minute] ?? 0);
      const utilisation = Math.min(1, Math.max(0, demand.utilisation));
      const cpuSeconds = utilisation * vcpus;
      step[at] = Math.floor(1e9 * cpuSeconds);
      step[at + 1] = Math.floor((demand.memory * memoryBytes - (base[at + 1] ?? 0)) * memorySettledEachSecond);
      step[at + 2] = Math.floor(demand.diskRead * cpuSeconds);
      step[at + 3] = Math.floor(demand.diskWrite * cpuSeconds);
      step[at + 4] = Math.floor(demand.networkRx * cpuSeconds);
      step[at + 5] = Math.floor(demand.networkTx * cpuSeconds);
      return utilisation;
    },
  };
}
