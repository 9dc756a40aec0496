import { draw } from './draw.ts';

/** What one second asks of a VM. A profile writes into it, so that no object is made for each second. */
export interface Demand {
  /** Share of its processors that is busy; below 0 and above 1 are possible and are cut off later. */
  utilisation: number;
  /** Share of its memory that it wants to use. */
  memory: number;
  /** Bytes for each second of processor time. */
  diskRead: number;
  diskWrite: number;
  networkRx: number;
  networkTx: number;
}

/** A kind of load. Formulas and reasons are in the README of this package. */
export interface Profile {
  readonly name: string;
  /** How many of a hundred VMs are of this kind. */
  readonly weight: number;
  /**
   * Writes down what a second asks for.
   *
   * @param key what all randomness of this life of the VM is drawn from
   * @param second which second of its life, from 0
   * @param dayWave -1 at 02:00 UTC to 1 at 14:00 UTC
   */
  demand(into: Demand, key: number, second: number, dayWave: number): void;
}

const MiB = 1024 ** 2;

/** Each random quantity of a profile has a stream of its own. */
const stream = { noise: 0, start: 1, length: 2, height: 3, chance: 4, period: 5 };
const streams = 8;

/** A number from -1 to 1 that is drawn anew each second. */
const noise = (key: number, second: number) => 2 * draw(key, second * streams + stream.noise) - 1;

/** A number from 0 to 1 that is drawn anew in each window of time. */
const drawIn = (key: number, window: number, which: number) => draw(key, window * streams + which);

/** The memory that most programs want: some to be there, more to work. */
const memoryFor = (utilisation: number) => 0.15 + 0.7 * utilisation;

/** Waits for something to do: a bastion, a standby. What moves is its own log and a health check. */
const idle: Profile = {
  name: 'idle',
  weight: 30,
  demand(into, key, second) {
    into.utilisation = 0.02 + 0.01 * noise(key, second);
    into.memory = memoryFor(into.utilisation);
    into.diskRead = MiB / 2;
    into.diskWrite = MiB;
    into.networkRx = MiB / 4;
    into.networkTx = MiB / 4;
  },
};

/** Serves people, who are awake by day: answers are larger than requests, and each leaves a line in a log. */
const web: Profile = {
  name: 'web',
  weight: 35,
  demand(into, key, second, dayWave) {
    into.utilisation = 0.3 + 0.2 * dayWave + 0.08 * noise(key, second);
    into.memory = memoryFor(into.utilisation);
    into.diskRead = MiB;
    into.diskWrite = 2 * MiB;
    into.networkRx = 4 * MiB;
    into.networkTx = 24 * MiB;
  },
};

const batchWindowSeconds = 300;

/** One job in every five minutes that takes one to three of them: first it reads its input, then it writes its output. */
const batch: Profile = {
  name: 'batch',
  weight: 15,
  demand(into, key, second) {
    const window = Math.floor(second / batchWindowSeconds);
    const length = 60 + 120 * drawIn(key, window, stream.length);
    const start = (batchWindowSeconds - length) * drawIn(key, window, stream.start);
    const progress = ((second % batchWindowSeconds) - start) / length;
    const isWorking = progress >= 0 && progress < 1;
    const isReading = progress < 0.5;
    into.utilisation = isWorking ? 0.9 + 0.05 * noise(key, second) : 0.03 + 0.01 * noise(key, second);
    into.memory = memoryFor(into.utilisation);
    into.diskRead = isReading ? 64 * MiB : 4 * MiB;
    into.diskWrite = isReading ? 2 * MiB : 48 * MiB;
    into.networkRx = isReading ? 16 * MiB : MiB;
    into.networkTx = isReading ? MiB : 12 * MiB;
  },
};

const burstWindowSeconds = 20;

/** Quiet, and then for some seconds not: webhooks, builds, a queue that fills up. Means over a minute hide it. */
const bursty: Profile = {
  name: 'bursty',
  weight: 15,
  demand(into, key, second) {
    const window = Math.floor(second / burstWindowSeconds);
    const isWindowWithBurst = drawIn(key, window, stream.chance) < 0.6;
    const length = 2 + 6 * drawIn(key, window, stream.length);
    const start = (burstWindowSeconds - length) * drawIn(key, window, stream.start);
    const into20s = second % burstWindowSeconds;
    const isBurst = isWindowWithBurst && into20s >= start && into20s < start + length;
    const height = 0.4 + 0.5 * drawIn(key, window, stream.height);
    into.utilisation = 0.05 + 0.03 * noise(key, second) + (isBurst ? height : 0);
    into.memory = memoryFor(into.utilisation);
    into.diskRead = 8 * MiB;
    into.diskWrite = 8 * MiB;
    into.networkRx = 12 * MiB;
    into.networkTx = 6 * MiB;
  },
};

/** Leaks: memory fills up within one to three hours, the more of it the more time goes into finding some, then it falls. */
const memoryGrowing: Profile = {
  name: 'memory-growing',
  weight: 5,
  demand(into, key, second) {
    const period = 3_600 * (1 + 2 * draw(key, stream.period));
    const fill = (second % period) / period;
    into.utilisation = 0.15 + 0.3 * fill ** 4 + 0.05 * noise(key, second);
    into.memory = 0.15 + 0.8 * fill;
    into.diskRead = 2 * MiB;
    into.diskWrite = 4 * MiB;
    into.networkRx = 4 * MiB;
    into.networkTx = 4 * MiB;
  },
};

/** The mix of a host: most VMs serve requests, some sleep, some work in batches, a few leak. The weights make 100. */
export const profiles: readonly Profile[] = [idle, web, batch, bursty, memoryGrowing];

/** Which profile a VM has: a number from 0 to below 1 lands on each as often as its weight says. */
export function profileAt(share: number): number {
  let left = 100 * share;
  return profiles.findIndex(({ weight }) => {
    left -= weight;
    return left < 0;
  });
}
