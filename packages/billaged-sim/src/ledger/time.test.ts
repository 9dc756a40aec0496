import { expect, test } from 'vitest';
import { hourTimeOf, isoTime, unixMillis, unixNanos } from './time.ts';

const hour = 3_600_000_000_000n;

test.each([
  { nanos: 0n, hours: 0, inHour: 0 },
  { nanos: hour - 1n, hours: 0, inHour: 3_599_999_999_999 },
  { nanos: 482_222n * hour + 7n, hours: 482_222, inHour: 7 },
  { nanos: -1n, hours: -1, inHour: 3_599_999_999_999 },
  { nanos: -hour, hours: -1, inHour: 0 },
])('$nanos ns are $inHour ns into the hour $hours', ({ nanos, hours, inHour }) => {
  expect(hourTimeOf(nanos)).toEqual({ hour: hours, nanos: inHour });
  expect(unixNanos(hourTimeOf(nanos))).toBe(nanos);
});

test('milliseconds are rounded down, also before 1970', () => {
  expect([1_999_999n, -1n, -1_000_000n, -1_000_001n].map(unixMillis)).toEqual([1n, -1n, -1n, -2n]);
});

test('an ISO time has the digits that are asked for', () => {
  const nanos = 1_735_689_600_123_456_789n;
  expect(isoTime(nanos, 9)).toBe('2025-01-01T00:00:00.123456789Z');
  expect(isoTime(nanos, 3)).toBe('2025-01-01T00:00:00.123Z');
  expect(isoTime(-1n, 9)).toBe('1969-12-31T23:59:59.999999999Z');
});
