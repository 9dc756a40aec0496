import { expect, test } from 'vitest';
import { createIsoTimestamp } from './iso-timestamp.ts';

test.for([
  [0, '1970-01-01T00:00:00.000+00:00'],
  [1_795_377_845_123, '2026-11-22T20:04:05.123+00:00'],
  [1_795_377_845_007, '2026-11-22T20:04:05.007+00:00'],
  [-1, '1969-12-31T23:59:59.999+00:00'],
] as const)('%i is %s', ([time, text]) => {
  expect(createIsoTimestamp(() => time)()).toBe(`,"timestamp":"${text}"`);
});

test('each line has its own time, in one second, in the next, and when the clock is set back', () => {
  const times = [999, 1_000, 1_999, 2_000, 1_500];
  const clock = times.values();
  const timestamp = createIsoTimestamp(() => clock.next().value ?? Number.NaN);
  const written = times.map(() => JSON.parse(`{"level":"info"${timestamp()}}`).timestamp);
  expect(written.map((text) => Date.parse(text))).toEqual(times);
});
