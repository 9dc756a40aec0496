import { kinds } from '@vmobs/settings';

/** The longest time that a timer of Node takes, in milliseconds: 24 days. A longer one would fire at once. */
export const { longestTimerMs } = kinds;

/** A time for a timer: the longest one for anything above it, such as `Infinity`. */
export function timerMs(milliseconds: number): number {
  return Math.min(milliseconds, longestTimerMs);
}
