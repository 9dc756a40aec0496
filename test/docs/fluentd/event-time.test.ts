import { expect, test } from 'vitest';
import { formatEventTime, readEventTime } from './event-time.ts';

test.for([
  ['2026-11-22T20:04:05.123+00:00', 1_795_377_845, 123_000_000],
  ['2026-11-22T20:04:05.123+0000', 1_795_377_845, 123_000_000],
  ['2026-11-22T20:04:05.123Z', 1_795_377_845, 123_000_000],
  ['2026-11-22T20:04:05.123456789+02:30', 1_795_368_845, 123_456_789],
  ['1969-12-31T23:59:59.5-00:00', -1, 500_000_000],
] as const)('%s is read to the nanosecond', ([text, seconds, nanoseconds]) => {
  expect(readEventTime(text)).toEqual({ seconds, nanoseconds });
});

test.for([
  1_795_377_845_123,
  null,
  '1795377845123',
  '2026-11-22T20:04:05+00:00',
  '2026-11-22T20:04:05Z',
  '2026-11-22T20:04:05.123',
  '2026-11-22 20:04:05.123+00:00',
  '2026-11-22T20:04:05.1234567890+00:00',
  '2026-11-22T20:04:05.123+00:00 x',
  '2026-13-22T20:04:05.123+00:00',
  '2026-11-22T24:04:05.123+00:00',
] as const)('%j is refused', (value) => {
  expect(() => readEventTime(value)).toThrow('does not fit %Y-%m-%dT%H:%M:%S.%N%z');
});

test('a time is written in UTC with all its digits', () => {
  expect(formatEventTime({ seconds: -1, nanoseconds: 5 })).toBe('1969-12-31T23:59:59.000000005+00:00');
});
