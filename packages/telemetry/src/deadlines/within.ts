import { timerMs } from './timer-limit.ts';

/**
 * Waits for work for at most `limitMs` milliseconds. The work itself is not interrupted. `Infinity` is the longest time that a
 * timer takes, 24 days.
 *
 * @param onLate called when the time is over: what it returns is returned, and what it throws is thrown
 */
export async function within<Done, Late>(
  work: PromiseLike<Done>,
  limitMs: number,
  onLate: () => Late,
): Promise<Done | Late> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, timerMs(limitMs));
  try {
    return await Promise.race([work, late.promise.then(onLate)]);
  } finally {
    clearTimeout(timer);
  }
}
