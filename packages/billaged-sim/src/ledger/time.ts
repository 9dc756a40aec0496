import type { Integer } from './counters.ts';
import type { SampleColumns } from './sample-columns.ts';

/** Seconds of an hour. */
export const hourSeconds = 3_600;

/**
 * Seconds of a quarter of an hour. The offset of every time zone is a multiple of it, and no segment crosses one, so usage of
 * whole days and months is exact in every time zone.
 */
export const quarterSeconds = 900;

/** Nanoseconds of a second. */
export const secondNanos = 1_000_000_000n;
const hourNanos = BigInt(hourSeconds) * secondNanos;

/** A timestamp: hours since 1970, and nanoseconds within the hour. Both are exact as numbers. */
export interface HourTime<T extends Integer = number> {
  readonly hour: T;
  readonly nanos: T;
}

/** Before every sample. */
export const beforeAll: HourTime = { hour: Number.MIN_SAFE_INTEGER, nanos: 0 };

/** Whether a timestamp is later than another. */
export function isAfter(a: HourTime, b: HourTime): boolean {
  return a.hour === b.hour ? a.nanos > b.nanos : a.hour > b.hour;
}

/** The timestamp of Unix nanoseconds, which may be negative. */
export function hourTimeOf(unixNanos: bigint): HourTime {
  const hour = divideDown(unixNanos, hourNanos);
  return { hour: Number(hour), nanos: Number(unixNanos - hour * hourNanos) };
}

/** Unix nanoseconds of a timestamp. */
export function unixNanos({ hour, nanos }: HourTime<Integer>): bigint {
  return BigInt(hour) * hourNanos + BigInt(nanos);
}

/** The hour in which Unix seconds lie. */
export function hourOfSeconds(unixSeconds: number): number {
  return Math.floor(unixSeconds / hourSeconds);
}

/** Milliseconds since 1970, rounded down also before it. */
export function unixMillis(unixNanos: bigint): bigint {
  return divideDown(unixNanos, 1_000_000n);
}

/** Formats a time as ISO 8601 in UTC, with the given number of decimals of a second. */
export function isoTime(unixNanos: bigint, digits: 3 | 9): string {
  const seconds = divideDown(unixNanos, secondNanos);
  const fraction = String(unixNanos - seconds * secondNanos).padStart(9, '0');
  return `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}.${fraction.slice(0, digits)}Z`;
}

/** The hour of a sample. */
export function hourAt(samples: SampleColumns, row: number): number {
  return hourOfSeconds(samples.seconds[row] ?? 0);
}

/** The quarter of an hour of a sample, since 1970. */
export function quarterAt(samples: SampleColumns, row: number): number {
  return Math.floor((samples.seconds[row] ?? 0) / quarterSeconds);
}

/** Nanoseconds from the beginning of an hour to a sample. */
export function nanosInHour(samples: SampleColumns, row: number, hour: number): number {
  return ((samples.seconds[row] ?? 0) - hour * hourSeconds) * 1e9 + (samples.nanos[row] ?? 0);
}

/** The timestamp of a sample. */
export function timeAt(samples: SampleColumns, row: number): HourTime {
  const hour = hourAt(samples, row);
  return { hour, nanos: nanosInHour(samples, row, hour) };
}

/** Integer division that rounds down, where `/` rounds towards zero. */
export function divideDown(amount: bigint, by: bigint): bigint {
  const rest = amount % by;
  return (rest < 0n ? amount - rest - by : amount - rest) / by;
}
