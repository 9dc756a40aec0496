/**
 * Makes what writes the time of a line, as pino wants it: `,"timestamp":"2026-11-22T20:04:05.123+00:00"`.
 *
 * ISO 8601 in UTC with the offset in digits: what `%z` means in every strptime (that of C takes no `Z`; the Ruby gem behind
 * Fluentd's `time_format` takes both).
 *
 * @param now Unix time in milliseconds
 */
export function createIsoTimestamp(now: () => number = Date.now): () => string {
  let second = Number.NaN;
  /** The text up to the milliseconds, which is the same for all lines of a second and costs the most. */
  let upToSecond = '';
  return () => {
    const time = now();
    const milliseconds = ((time % 1_000) + 1_000) % 1_000;
    if (time - milliseconds !== second) {
      second = time - milliseconds;
      upToSecond = new Date(second).toISOString().slice(0, -4);
    }
    return `,"timestamp":"${upToSecond}${String(milliseconds).padStart(3, '0')}+00:00"`;
  };
}
