import { expect, test } from 'vitest';
import { compileTimeFormat } from './strptime.ts';

const readTime = compileTimeFormat('%Y-%m-%dT%H:%M:%S.%N%z');

test.for([
  ['2026-11-22T20:04:05.123+00:00', 1_795_377_845, 123_000_000],
  ['2026-11-22T20:04:05.123+0000', 1_795_377_845, 123_000_000],
  ['2026-11-22T20:04:05.123456789+02:30', 1_795_368_845, 123_456_789],
  ['2026-11-22T20:04:05.123-01:00', 1_795_381_445, 123_000_000],
  ['2026-2-3T4:5:6.1+00:00', 1_770_091_506, 100_000_000],
  ['2028-02-29T00:00:00.000000001+00:00', 1_835_395_200, 1],
  ['1969-12-31T23:59:59.5+00:00', -1, 500_000_000],
] as const)('%s is read to the nanosecond', ([text, seconds, nanoseconds]) => {
  expect(readTime(text)).toEqual({ seconds, nanoseconds });
});

test('a Z for the offset is UTC', () => {
  expect(readTime('2026-11-22T20:04:05.123Z')).toEqual(readTime('2026-11-22T20:04:05.123+00:00'));
});

test.for([
  ['milliseconds since 1970, as pino writes them', 1_795_377_845_123, 'must be a string, not the number 1795377845123'],
  ['the same as text', '1795377845123', 'does not have the form'],
  ['no fraction of a second', '2026-11-22T20:04:05+00:00', 'does not have the form'],
  ['no offset', '2026-11-22T20:04:05.123', 'does not have the form'],
  ['a time of another place', '2026-11-22T20:04:05.123 UTC', 'does not have the form'],
  ['a space for the T', '2026-11-22 20:04:05.123+00:00', 'does not have the form'],
  ['a comma before the fraction', '2026-11-22T20:04:05,123+00:00', 'does not have the form'],
  ['ten digits of a second', '2026-11-22T20:04:05.1234567890+00:00', 'does not have the form'],
  ['text behind it', '2026-11-22T20:04:05.123+00:00 x', 'does not have the form'],
  ['year 26', '0026-11-22T20:04:05.123+00:00', 'is in no calendar'],
  ['month 13', '2026-13-22T20:04:05.123+00:00', 'is in no calendar'],
  ['30 February', '2026-02-30T20:04:05.123+00:00', 'is in no calendar'],
  ['hour 24', '2026-11-22T24:04:05.123+00:00', 'is in no calendar'],
  ['second 60', '2026-11-22T20:04:60.123+00:00', 'is in no calendar'],
  ['an offset of 24 hours', '2026-11-22T20:04:05.123+24:00', 'is more than a day has'],
  ['nothing', undefined, 'must be a string, not the undefined'],
] as const)('%s is refused', ([, value, message]) => {
  expect(() => readTime(value)).toThrow(message);
});

test.for([
  ['%Y-%m-%d %H:%M:%S %Z', '%Z is not known; there are %Y %m'],
  ['%Y-%m-%dT%H:%M:%S%z%', '% is not known'],
  ['%Y-%m-%dT%H:%M:%S%z %Y', '%Y is there twice'],
  ['%Y-%m-%dT%H:%M', '%S %z is missing'],
] as const)('the format %s is refused', ([format, message]) => {
  expect(() => compileTimeFormat(format)).toThrow(message);
});

test('what stands between the conversions stands for itself', () => {
  const read = compileTimeFormat('[%d.%m.%Y (%H:%M:%S)] %z');
  expect(read('[22.11.2026 (20:04:05)] +00:00')).toEqual({ seconds: 1_795_377_845, nanoseconds: 0 });
  expect(() => read('[22x11.2026 (20:04:05)] +00:00')).toThrow('does not have the form');
});
