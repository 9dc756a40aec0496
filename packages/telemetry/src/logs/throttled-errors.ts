import type { Logger } from './logger.ts';

/** How long an error that repeats is only counted after its line, in milliseconds. */
const quietMs = 60_000;

/** Most errors that are remembered; a new one beyond them makes the oldest be forgotten. */
const maxRemembered = 100;

/** A line that was written. */
interface WrittenLine {
  readonly at: number;
  /** How often the error came since. */
  repeated: number;
}

/**
 * Makes a function that logs errors which others can provoke at any rate: each at most once a minute, with the number of times
 * that it came since the last line. Messages that differ only in numbers are the same error.
 *
 * @param now milliseconds on a clock that only grows
 */
export function throttleErrors(
  logger: Pick<Logger, 'error'>,
  now: () => number = () => performance.now(),
): (error: Error) => void {
  const written = new Map<string, WrittenLine>();
  return (error) => {
    const key = error.message.replaceAll(/\d+(\.\d+)?(e-?\d+)?/g, '#');
    const last = written.get(key);
    if (last !== undefined && now() - last.at < quietMs) {
      last.repeated += 1;
      return;
    }
    written.delete(key);
    const [oldest] = written.keys();
    if (written.size >= maxRemembered && oldest !== undefined) written.delete(oldest);
    written.set(key, { at: now(), repeated: 0 });
    const repeated = last?.repeated ?? 0;
    logger.error({ err: error, ...(repeated > 0 && { repeated }) }, error.message);
  };
}
