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
