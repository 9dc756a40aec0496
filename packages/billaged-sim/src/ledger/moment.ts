import { hourOf, hourSeconds, nanosInHour } from './run.ts';
import type { SampleColumns } from './sample-columns.ts';

/** A moment: an hour since 1970, and nanoseconds in it. */
export interface Moment {
  readonly hour: number;
  readonly nanos: number;
}

/** Before every sample. */
export const beforeAll: Moment = { hour: Number.MIN_SAFE_INTEGER, nanos: 0 };

/** The moment of a sample. */
export function momentOf(samples: SampleColumns, row: number): Moment {
  const hour = hourOf(samples, row);
  return { hour, nanos: nanosInHour(samples, row, hour) };
}

/** Whether a moment is later than another. */
export function isAfter(a: Moment, b: Moment): boolean {
  return a.hour === b.hour ? a.nanos > b.nanos : a.hour > b.hour;
}

/** Unix nanoseconds of a moment. */
export function unixNanos({ hour, nanos }: Moment): bigint {
  return BigInt(hour) * BigInt(hourSeconds) * 1_000_000_000n + BigInt(nanos);
}
