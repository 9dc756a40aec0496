import { noiseAt } from './noise.ts';

/** The demand of one second. A profile writes into it, so that no object is created per second. */
export interface Demand {
  /** Busy share of the processors; values below 0 and above 1 are clamped later. */
  utilisation: number;
  /** Target share of the memory. */
  memory: number;
  /** Bytes per second of processor time. */
  diskRead: number;
  diskWrite: number;
  networkRx: number;
  networkTx: number;
}

/** A kind of load. Formulas and reasons are in the README of this package. */
export interface Profile {
  readonly name: string;
  /** How many of a hundred VMs have this profile. */
  readonly weight: number;
  /**
   * Writes the demand of a second.
   *
   * @param key key of all noise of this boot of the VM
   * @param second which second of the boot, from 0
   * @param dayWave -1 at 02:00 UTC to 1 at 14:00 UTC
   */
  demand(into: Demand, key: number, second: number, dayWave: number): void;
}

const MiB = 1024 ** 2;

/** Each random quantity of a profile has its own stream of noise. */
const stream = { noise: 0, start: 1, length: 2, height: 3, chance: 4, period: 5 };
const streams = 8;

/** A number from -1 to 1, another one each second. */
const jitter = (key: number, second: number) => 2 * noiseAt(key, second * streams + stream.noise) - 1;

/** A number from 0 to 1, another one in each window of time. */
const noiseIn = (key: number, window: number, which: number) => noiseAt(key, window * streams + which);

/** The memory of most programs: a base, and more under load. */
const memoryFor = (utilisation: number) => 0.15 + 0.7 * utilisation;

/** Idle: a bastion, a standby. Its only load is its log and a health check. */
const idle: Profile = {
  name: 'idle',
  weight: 30,
  demand(into, key, second) {
    into.utilisation = 0.02 + 0.01 * jitter(key, second);
    into.memory = memoryFor(into.utilisation);
    into.diskRead = MiB / 2;
    into.diskWrite = MiB;
    into.networkRx = MiB / 4;
    into.networkTx = MiB / 4;
  },
};

/** Serves people, who are awake by day: responses are larger than requests, and each request writes a log line. */
const web: Profile = {
  name: 'web',
  weight: 35,
  demand(into, key, second, dayWave) {
    into.utilisation = 0.3 + 0.2 * dayWave + 0.08 * jitter(key, second);
    into.memory = memoryFor(into.utilisation);
    into.diskRead = MiB;
    into.diskWrite = 2 * MiB;
    into.networkRx = 4 * MiB;
    into.networkTx = 24 * MiB;
  },
};

const batchWindowSeconds = 300;

/** One job of one to three minutes in every five minutes: first it reads its input, then it writes its output. */
const batch: Profile = {
  name: 'batch',
  weight: 15,
  demand(into, key, second) {
    const window = Math.floor(second / batchWindowSeconds);
    const length = 60 + 120 * noiseIn(key, window, stream.length);
    const start = (batchWindowSeconds - length) * noiseIn(key, window, stream.start);
    const progress = ((second % batchWindowSeconds) - start) / length;
    const isWorking = progress >= 0 && progress < 1;
    const isReading = progress < 0.5;
    into.utilisation = isWorking ? 0.9 + 0.05 * jitter(key, second) : 0.03 + 0.01 * jitter(key, second);
    into.memory = memoryFor(into.utilisation);
    into.diskRead = isReading ? 64 * MiB : 4 * MiB;
    into.diskWrite = isReading ? 2 * MiB : 48 * MiB;
    into.networkRx = isReading ? 16 * MiB : MiB;
    into.networkTx = isReading ? MiB : 12 * MiB;
  },
};

const burstWindowSeconds = 20;

/** Quiet, with bursts of some seconds: webhooks, builds, a queue that fills up. Averages over a minute hide them. */
const bursty: Profile = {
  name: 'bursty',
  weight: 15,
  demand(into, key, second) {
    const window = Math.floor(second / burstWindowSeconds);
    const isWindowWithBurst = noiseIn(key, window, stream.chance) < 0.6;
    const length = 2 + 6 * noiseIn(key, window, stream.length);
    const start = (burstWindowSeconds - length) * noiseIn(key, window, stream.start);
    const into20s = second % burstWindowSeconds;
    const isBurst = isWindowWithBurst && into20s >= start && into20s < start + length;
    const height = 0.4 + 0.5 * noiseIn(key, window, stream.height);
    into.utilisation = 0.05 + 0.03 * jitter(key, second) + (isBurst ? height : 0);
    into.memory = memoryFor(into.utilisation);
    into.diskRead = 8 * MiB;
    into.diskWrite = 8 * MiB;
    into.networkRx = 12 * MiB;
    into.networkTx = 6 * MiB;
  },
};

/** A leak: memory fills up within one to three hours while garbage collection takes ever more time, then it falls. */
const memoryGrowing: Profile = {
  name: 'memory-growing',
  weight: 5,
  demand(into, key, second) {
    const period = 3_600 * (1 + 2 * noiseAt(key, stream.period));
    const fill = (second % period) / period;
    into.utilisation = 0.15 + 0.3 * fill ** 4 + 0.05 * jitter(key, second);
    into.memory = 0.15 + 0.8 * fill;
    into.diskRead = 2 * MiB;
    into.diskWrite = 4 * MiB;
    into.networkRx = 4 * MiB;
    into.networkTx = 4 * MiB;
  },
};

/** The mix of a host: most VMs serve requests, some are idle, some run batches, a few leak. The weights add up to 100. */
export const profiles: readonly Profile[] = [idle, web, batch, bursty, memoryGrowing];

/** Index of a profile for a number from 0 to below 1, with the probability of its weight. */
export function profileAt(share: number): number {
  let left = 100 * share;
  return profiles.findIndex(({ weight }) => {
    left -= weight;
    return left < 0;
  });
}
