import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { seededGenerator } from './random.ts';
import type { Usage } from './usage.ts';

/**
 * How busy a kind of VM is. Utilisation of its processors at a moment is `base`, plus `day` times a sine that peaks at
 * 14:00 UTC, plus `burst` while a burst lasts, plus `noise` times a number in -1..1 that is drawn anew each second, held
 * to 0..1.
 */
interface Profile {
  /** How many of a hundred VMs are of this kind. */
  readonly weight: number;
  readonly base: number;
  readonly day: number;
  readonly burst: number;
  /** Chance that a second is part of a burst. Bursts last `burstSeconds`. */
  readonly burstChance: number;
  readonly burstSeconds: number;
  readonly noise: number;
  /** Bytes read from disk for each second of processor time; writes are half, network traffic a quarter and an eighth. */
  readonly ioPerCpuSecond: number;
}

const MiB = 1024 ** 2;

/**
 * The mix of a small host: most VMs serve requests, some sleep, some work in batches. The ratio of disk reads, disk
 * writes, received and sent bytes, 8 : 4 : 2 : 1, is the one with which the real metald makes up usage.
 */
const profiles: Readonly<Record<string, Profile>> = {
  idle: { weight: 30, base: 0.02, day: 0, burst: 0, burstChance: 0, burstSeconds: 0, noise: 0.01, ioPerCpuSecond: MiB },
  web: {
    weight: 40,
    base: 0.3,
    day: 0.2,
    burst: 0,
    burstChance: 0,
    burstSeconds: 0,
    noise: 0.08,
    ioPerCpuSecond: 4 * MiB,
  },
  batch: {
    weight: 15,
    base: 0.05,
    day: 0,
    burst: 0.85,
    burstChance: 0.01,
    burstSeconds: 60,
    noise: 0.05,
    ioPerCpuSecond: 16 * MiB,
  },
  bursty: {
    weight: 15,
    base: 0.05,
    day: 0,
    burst: 0.6,
    burstChance: 0.1,
    burstSeconds: 3,
    noise: 0.05,
    ioPerCpuSecond: 8 * MiB,
  },
};

/** The load of one VM, advanced through time. */
export interface Workload {
  /** Which kind of load it is. */
  readonly profile: string;
  /** Lets time pass and adds what was used in it. */
  advance(usage: Usage, seconds: number, unixSeconds: number): void;
  /** Begins anew, as a boot does. */
  restart(): void;
}

/** What a VM has, as far as its load is concerned. */
export interface Machine {
  readonly vcpus: number;
  readonly memoryBytes: number;
}

/** How fast memory follows the load: two thirds of the way within this time. */
const memorySettlingSeconds = 30;

/** Makes the load of a VM. The same seed and ordinal give the same load. */
export function createWorkload(machine: Machine, { seed, ordinal }: { seed: number; ordinal: number }): Workload {
  const random = seededGenerator(seed, ordinal + 1);
  const [name, profile] = pickProfile(uniformFloat64(random));
  let secondLeft = 0;
  let burstLeft = 0;
  let noise = 0;

  return {
    profile: name,
    restart() {
      secondLeft = 0;
      burstLeft = 0;
    },
    advance(usage, seconds, unixSeconds) {
      secondLeft -= seconds;
      burstLeft -= seconds;
      if (secondLeft <= 0) {
        secondLeft = 1;
        noise = profile.noise * (2 * uniformFloat64(random) - 1);
        if (burstLeft <= 0 && uniformFloat64(random) < profile.burstChance) burstLeft = profile.burstSeconds;
      }
      const day = profile.day * Math.cos((2 * Math.PI * (unixSeconds - 14 * 3_600)) / 86_400);
      const utilisation = clamp(profile.base + day + noise + (burstLeft > 0 ? profile.burst : 0));
      const cpuSeconds = utilisation * machine.vcpus * seconds;
      const memoryTarget = machine.memoryBytes * (0.15 + 0.7 * utilisation);

      usage.cpuPercent = 100 * utilisation;
      usage.cpuNanos += 1e9 * cpuSeconds;
      usage.memoryBytes += (memoryTarget - usage.memoryBytes) * (1 - Math.exp(-seconds / memorySettlingSeconds));
      usage.diskReadBytes += profile.ioPerCpuSecond * cpuSeconds;
      usage.diskWriteBytes += (profile.ioPerCpuSecond * cpuSeconds) / 2;
      usage.networkRxBytes += (profile.ioPerCpuSecond * cpuSeconds) / 4;
      usage.networkTxBytes += (profile.ioPerCpuSecond * cpuSeconds) / 8;
    },
  };
}

function pickProfile(draw: number): readonly [string, Profile] {
  const all = Object.entries(profiles);
  let left = draw * all.reduce((sum, [, { weight }]) => sum + weight, 0);
  const picked = all.find(([, { weight }]) => {
    left -= weight;
    return left < 0;
  });
  if (picked === undefined) throw new RangeError('a draw is below 1, so the weights cover it');
  return picked;
}

function clamp(utilisation: number): number {
  return Math.min(1, Math.max(0, utilisation));
}
