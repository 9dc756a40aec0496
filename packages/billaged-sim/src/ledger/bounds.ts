import type { UsageQuery } from './ledger.ts';
import { hourSeconds } from './run.ts';

/** A time in Unix seconds, its end not included; without a bound, since ever or until now. */
export interface Bounds {
  readonly fromSeconds: number | undefined;
  readonly toSeconds: number | undefined;
}

/** The hours since 1970 that a period touches, and those that lie in it as a whole; each end is not included. */
export interface HoursOfPeriod {
  readonly from: number;
  readonly to: number;
  readonly wholeFrom: number;
  readonly wholeTo: number;
}

/**
 * The period that a query asks for.
 *
 * @throws RangeError for a bound that is no whole second
 */
export function boundsOf({ fromSeconds, toSeconds }: UsageQuery): Bounds {
  for (const seconds of [fromSeconds, toSeconds]) {
    if (seconds === undefined || Number.isSafeInteger(seconds)) continue;
    throw new RangeError(`a period has a bound at ${seconds} s, which is no whole second; choose one that is`);
  }
  return { fromSeconds, toSeconds };
}

/** The hours of a period. */
export function hoursOf({ fromSeconds, toSeconds }: Bounds): HoursOfPeriod {
  const begin = fromSeconds === undefined ? Number.MIN_SAFE_INTEGER : fromSeconds / hourSeconds;
  const end = toSeconds === undefined ? Number.MAX_SAFE_INTEGER : toSeconds / hourSeconds;
  return { from: Math.floor(begin), to: Math.ceil(end), wholeFrom: Math.ceil(begin), wholeTo: Math.floor(end) };
}
