import type { SampleColumns } from './sample-columns.ts';

/** A number that is whole; a `bigint` where it may be above 2^53. */
export type Whole = number | bigint;

/** The counters of one sample, or the growth of each, in this order. */
export type CounterValues<T> = readonly [cpu: T, diskRead: T, diskWrite: T, networkRx: T, networkTx: T];

/** Seconds of the periods that no run crosses: usage of whole hours is exact. */
export const hourSeconds = 3_600;

/** Nanoseconds between two samples above which samples are missing, as billaged documents it: 2 minutes. */
export const gapNanos = 120e9;

/** Nanoseconds for which memory is taken to stay as it was last seen, as billaged documents it: 10 minutes. */
export const longestHoldNanos = 600e9;

/**
 * Successive samples of one VM within one hour: what the ledger keeps of them.
 *
 * The counters inside are summed up; what they grew by from one run to the next is derived when usage is read.
 */
export interface Run {
  /** Hours since 1970 began. */
  readonly hour: number;
  /** Nanoseconds since the hour began: of the first and of the last sample. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly gaps: number;
  readonly firstCounters: CounterValues<number>;
  readonly lastCounters: CounterValues<number>;
  /** Growth from the first sample to the last. */
  readonly growth: CounterValues<Whole>;
  readonly lastMemory: number;
  readonly memorySum: Whole;
  readonly memoryMax: number;
  /** Bytes times milliseconds from the first sample to the last. */
  readonly memoryByteMillis: Whole;
}

/** Hour of a sample. */
export function hourOf(samples: SampleColumns, row: number): number {
  return Math.floor((samples.seconds[row] ?? 0) / hourSeconds);
}

/** Nanoseconds from the beginning of an hour to a sample; exact, for an hour has less than 2^53 of them. */
export function nanosInHour(samples: SampleColumns, row: number, hour: number): number {
  return ((samples.seconds[row] ?? 0) - hour * hourSeconds) * 1e9 + (samples.nanos[row] ?? 0);
}

/** Sums up the samples from one row to another, both included, all of them within one hour. */
export function sumUpRun(samples: SampleColumns, from: number, to: number): Run {
  const hour = hourOf(samples, from);
  return {
    hour,
    first: nanosInHour(samples, from, hour),
    last: nanosInHour(samples, to, hour),
    count: to - from + 1,
    firstCounters: countersAt(samples, from),
    lastCounters: countersAt(samples, to),
    growth: [
      growthOf(samples.cpuNanos, from, to),
      growthOf(samples.diskReadBytes, from, to),
      growthOf(samples.diskWriteBytes, from, to),
      growthOf(samples.networkRxBytes, from, to),
      growthOf(samples.networkTxBytes, from, to),
    ],
    ...sumUpMemory(samples, from, to, hour),
  };
}

function countersAt(samples: SampleColumns, row: number): CounterValues<number> {
  return [
    samples.cpuNanos[row] ?? 0,
    samples.diskReadBytes[row] ?? 0,
    samples.diskWriteBytes[row] ?? 0,
    samples.networkRxBytes[row] ?? 0,
    samples.networkTxBytes[row] ?? 0,
  ];
}

/** What a counter grew by; one that fell was reset, so all of its new value is growth. */
function growthOf(values: Float64Array, from: number, to: number): Whole {
  let sum = 0;
  let before = values[from] ?? 0;
  for (let row = from + 1; row <= to; row++) {
    const now = values[row] ?? 0;
    sum += now < before ? now : now - before;
    before = now;
  }
  // Every part is whole and none is below zero: a sum that is below 2^53 was exact at each step.
  if (sum <= Number.MAX_SAFE_INTEGER) return sum;
  let exact = 0n;
  for (let row = from + 1; row <= to; row++) {
    const now = values[row] ?? 0;
    const earlier = values[row - 1] ?? 0;
    exact += BigInt(now < earlier ? now : now - earlier);
  }
  return exact;
}

function sumUpMemory(samples: SampleColumns, from: number, to: number, hour: number) {
  const memory = samples.memoryBytes;
  let sum = 0;
  let max = 0;
  let gaps = 0;
  // Two halves, since bytes times milliseconds is soon above 2^53: multiples of 2^24 bytes, and the rest.
  let high = 0;
  let low = 0;
  let before = memory[from] ?? 0;
  let time = nanosInHour(samples, from, hour);
  sum = before;
  max = before;
  for (let row = from + 1; row <= to; row++) {
    const now = nanosInHour(samples, row, hour);
    const step = now - time;
    if (step > gapNanos) gaps += 1;
    if (step <= longestHoldNanos) {
      const millis = Math.floor(now / 1e6) - Math.floor(time / 1e6);
      const chunks = Math.floor(before / 2 ** 24);
      high += chunks * millis;
      low += (before - chunks * 2 ** 24) * millis;
    }
    const value = memory[row] ?? 0;
    sum += value;
    if (value > max) max = value;
    before = value;
    time = now;
  }
  return {
    gaps,
    lastMemory: before,
    memoryMax: max,
    memorySum: sum <= Number.MAX_SAFE_INTEGER ? sum : exactSum(memory, from, to),
    // An hour has 2^22 ms: both halves stay below 2^53 for memory up to 2^53 bytes.
    memoryByteMillis: high < 2 ** 28 ? high * 2 ** 24 + low : BigInt(high) * 2n ** 24n + BigInt(low),
  };
}

function exactSum(values: Float64Array, from: number, to: number): bigint {
  let sum = 0n;
  for (let row = from; row <= to; row++) sum += BigInt(values[row] ?? 0);
  return sum;
}
