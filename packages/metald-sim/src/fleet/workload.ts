import { draw, subKey } from './draw.ts';
import { type Demand, profileAt, profiles } from './profiles.ts';
import { bootMemoryShare, memoryField, usageWidth } from './usage.ts';

/** What a VM has, as far as its load is concerned. */
export interface Machine {
  readonly vcpus: number;
  readonly memoryBytes: number;
}

/** The numbers that the load of one VM moves: rows of `usageFields`, at the place `at`. */
export interface UsageRows {
  /** What was used until the second began. */
  readonly base: Float64Array;
  /** What is used in that second, in whole units. */
  readonly step: Float64Array;
}

/** How fast memory follows what is wanted: two thirds of the way within this time. */
const memorySettlingSeconds = 30;
const memorySettledEachSecond = 1 - Math.exp(-1 / memorySettlingSeconds);

const minutesOfDay = 1_440;
const busiestMinute = 14 * 60;

/**
 * Makes the load of VMs. It is a function of the seed, the VM, the number of its life, the second of that life, and the
 * time of day: nothing depends on when or how often anybody looks. All of a VM's counters move by whole units.
 */
export function createWorkload(seed: number) {
  const fleetKey = subKey(seed, 0);
  const demand: Demand = { utilisation: 0, memory: 0, diskRead: 0, diskWrite: 0, networkRx: 0, networkTx: 0 };
  // The curve of a day by the minute: a step of a minute is below a thousandth of a processor.
  const dayWave = Float64Array.from({ length: minutesOfDay }, (_, minute) =>
    Math.cos((2 * Math.PI * (minute - busiestMinute)) / minutesOfDay),
  );

  return {
    /** Which profile a VM has, as its place in `profiles`. */
    profileOf: (ordinal: number) => profileAt(draw(fleetKey, ordinal)),

    /** What the randomness of a life of a VM is drawn from. A reboot begins another life. */
    keyOf: (ordinal: number, life: number) => subKey(subKey(fleetKey, ordinal), life),

    /** Begins a life: nothing is used but the memory of the kernel. */
    start(base: Float64Array, at: number, machine: Machine): void {
      base.fill(0, at, at + usageWidth);
      base[at + memoryField] = Math.floor(bootMemoryShare * machine.memoryBytes);
    },

    /**
     * Works out what a second uses.
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
