import { expect, test } from 'vitest';
import { columnsOf } from './columns-of.ts';
import { cutRuns } from './cut-runs.ts';

const counters = { cpuNanos: 0n, diskReadBytes: 0n, diskWriteBytes: 0n, networkRxBytes: 0n, networkTxBytes: 0n };

/** Sizes of the runs that samples at these milliseconds are cut into. */
function sizesOf(milliseconds: readonly number[]): number[] {
  const samples = columnsOf(
    milliseconds.map((ms) => ({ timeNanos: BigInt(ms) * 1_000_000n, memoryBytes: 0n, counters })),
  );
  const sizes: number[] = [];
  let next = 0;
  cutRuns(samples, 0, samples.length - 1, (from, to) => {
    expect(from).toBe(next);
    sizes.push(to - from + 1);
    next = to + 1;
  });
  expect(next).toBe(milliseconds.length);
  return sizes;
}

const ticks = (count: number, startMs = 0, stepMs = 100) =>
  Array.from({ length: count }, (_, index) => startMs + index * stepMs);

test('an evenly spaced batch is one run', () => {
  expect(sizesOf(ticks(600))).toEqual([600]);
  expect(sizesOf(ticks(1))).toEqual([1]);
  expect(sizesOf(ticks(64))).toEqual([64]);
});

test('ticks that are a little late are evenly spaced', () => {
  expect(sizesOf(ticks(600).map((ms, index) => ms + (index % 7) * 4))).toEqual([600]);
});

test('a tick that is missing parts two runs, so that it can still come', () => {
  expect(sizesOf([...ticks(300), ...ticks(300, 30_100)])).toEqual([300, 300]);
});

test('between long runs, samples are kept in runs of up to 64', () => {
  const everyOther = ticks(50, 30_000, 250).flatMap((ms) => [ms, ms + 20]);
  expect(sizesOf([...ticks(200), ...everyOther, ...ticks(300, 60_000)])).toEqual([200, 64, 36, 300]);
});

test('no run crosses an hour', () => {
  expect(sizesOf(ticks(600, 3_600_000 - 10_000))).toEqual([100, 500]);
  expect(sizesOf([1_000, 3_600_000, 7_200_000])).toEqual([1, 1, 1]);
});
