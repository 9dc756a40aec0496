import { expect, test } from 'vitest';
import { type Counters, type Integer, mapCounters } from '../counters.ts';
import { spanColumns, spanValues } from './span-columns.ts';

/** The growth of the CPU time as it is stored. */
function stored(first: Integer, last: Integer, growth: Integer) {
  const counters = (cpu: Integer): Counters<Integer> => mapCounters((name) => (name === 'cpuNanos' ? cpu : 0));
  const values = spanValues({
    sampleCount: 2,
    gaps: 0,
    firstCounters: counters(first),
    lastCounters: counters(last),
    growth: counters(growth),
    lastMemoryBytes: 0,
    memorySumBytes: 0,
    memoryMaxBytes: 0,
    memoryByteMillis: 0,
  });
  return values[spanColumns.indexOf('g_cpu')];
}

test('growth is stored only where it does not follow from the first and the last value', () => {
  expect(stored(3, 10, 7)).toBeNull();
  expect(stored(3n, 10n, 7n)).toBeNull();
  expect(stored(3, 10, 7n)).toBeNull();
  expect(stored(3, 2, 9)).toBe(9);
  expect(stored(3n, 2n, 9n)).toBe(9n);
});

test('growth that numbers of 64 bits do not hold is stored as its digits', () => {
  expect(stored(0n, 5n, 2n ** 63n - 1n)).toBe(2n ** 63n - 1n);
  expect(stored(0n, 5n, 2n ** 63n)).toEqual(new TextEncoder().encode('9223372036854775808'));
});
