import { expect, test } from 'vitest';
import { zeroCounters } from './counters.ts';
import { inTimeOrder } from './sample-columns.ts';
import { columnsOf } from './testing/usage-samples.ts';

/** Samples at some nanoseconds, each with its place among them as its CPU time. */
function samplesAt(...times: readonly bigint[]) {
  return columnsOf(
    times.map((timeNanos, index) => ({
      timeNanos,
      memoryBytes: 0n,
      counters: { ...zeroCounters, cpuNanos: BigInt(index) },
    })),
  );
}

const second = 1_000_000_000n;
const order = ({ cpuNanos, length }: ReturnType<typeof samplesAt>) => [...cpuNanos.subarray(0, length)];

test.for([
  ['no sample', []],
  ['one', [5n]],
  ['fractions of a second', [5n, 6n]],
  ['a second with a smaller fraction than the one before', [second + 9n, 2n * second + 1n]],
] as const)('what is in order comes back as it is: %s', ([_what, times]) => {
  const samples = samplesAt(...times);
  expect(inTimeOrder(samples).samples).toBe(samples);
});

test.for([
  ['fractions of a second', [6n, 5n], [1, 0], 0],
  ['a later fraction of an earlier second', [2n * second + 1n, second + 9n], [1, 0], 0],
  ['the last of many', [1n, 2n, 3n, 0n], [3, 0, 1, 2], 0],
  ['of two at one time the first that was sent counts', [7n, 7n, 5n], [2, 0], 1],
  ['a repetition alone', [7n, 7n], [0], 1],
] as const)('what is not in order is put in order: %s', ([_what, times, rows, duplicates]) => {
  const sorted = inTimeOrder(samplesAt(...times));
  expect(order(sorted.samples)).toEqual(rows);
  expect(sorted.duplicates).toBe(duplicates);
});

test('only the filled rows of columns are read', () => {
  const samples = samplesAt(1n, 2n, 0n);
  samples.length = 2;
  expect(inTimeOrder(samples).samples).toBe(samples);
});
