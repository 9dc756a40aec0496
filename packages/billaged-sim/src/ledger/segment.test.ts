import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counterNames, zeroCounters } from './counters.ts';
import { createSampleColumns } from './sample-columns.ts';
import { cutSegments, summarizeSegment } from './segment.ts';
import { columnsOf } from './testing/usage-samples.ts';

const hour = 472_222;
const amount = fc.oneof(fc.nat(1_000), fc.bigInt(0n, 2n ** 53n - 1n).map(Number));
/** Amounts that mostly grow, and steps between samples up to some above the ten minutes for which memory is held. */
const sample = fc.record({
  stepNanos: fc.oneof(fc.integer({ min: 1, max: 2e9 }), fc.constantFrom(120e9, 120e9 + 1, 600e9, 600e9 + 1)),
  memory: amount,
  counters: fc.tuple(amount, amount, amount, amount, amount),
});

test('sums are exact for integers of any size', () => {
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 40 }), (all) => {
      const columns = createSampleColumns(all.length);
      const times: bigint[] = [];
      for (const { stepNanos } of all) times.push((times.at(-1) ?? 0n) + BigInt(stepNanos));
      const count = times.filter((time) => time < 3_600_000_000_000n).length;
      for (const [row, { memory, counters }] of all.entries()) {
        const time = times[row] ?? 0n;
        columns.seconds[row] = hour * 3_600 + Number(time / 1_000_000_000n);
        columns.nanos[row] = Number(time % 1_000_000_000n);
        columns.memoryBytes[row] = memory;
        [columns.cpuNanos[row], columns.diskReadBytes[row], columns.diskWriteBytes[row]] = counters;
        [, , , columns.networkRxBytes[row], columns.networkTxBytes[row]] = counters;
      }
      const segment = summarizeSegment(columns, 0, count - 1);

      const samples = all.slice(0, count);
      let gaps = 0;
      let byteMillis = 0n;
      const growth = [0n, 0n, 0n, 0n, 0n];
      for (let row = 1; row < count; row++) {
        const [before, now] = [samples[row - 1], samples[row]];
        if (before === undefined || now === undefined) throw new RangeError('there are no such samples');
        const [earlier = 0n, later = 0n] = times.slice(row - 1, row + 1);
        if (later - earlier > 120_000_000_000n) gaps += 1;
        if (later - earlier <= 600_000_000_000n) {
          byteMillis += BigInt(before.memory) * (later / 1_000_000n - earlier / 1_000_000n);
        }
        for (const [index, value] of now.counters.entries()) {
          const last = before.counters[index] ?? 0;
          growth[index] = (growth[index] ?? 0n) + BigInt(value < last ? value : value - last);
        }
      }
      const memory = samples.map((one) => one.memory);
      expect(segment).toMatchObject({
        hour,
        first: Number(times[0]),
        last: Number(times[count - 1]),
        sampleCount: count,
        gaps,
      });
      expect(counterNames.map((name) => BigInt(segment.growth[name]))).toEqual(growth);
      expect(BigInt(segment.memoryByteMillis)).toBe(byteMillis);
      expect(BigInt(segment.memorySumBytes)).toBe(memory.reduce((sum, value) => sum + BigInt(value), 0n));
      expect([segment.memoryMaxBytes, segment.lastMemoryBytes]).toEqual([Math.max(...memory), memory.at(-1)]);
    }),
    { numRuns: 1_000 },
  );
});

/** Sizes of the segments that samples at these milliseconds are cut into. */
function sizesOf(milliseconds: readonly number[]): number[] {
  const samples = columnsOf(
    milliseconds.map((ms) => ({ timeNanos: BigInt(ms) * 1_000_000n, memoryBytes: 0n, counters: zeroCounters })),
  );
  const sizes: number[] = [];
  let next = 0;
  cutSegments(samples, 0, samples.length - 1, (from, to) => {
    expect(from).toBe(next);
    sizes.push(to - from + 1);
    next = to + 1;
  });
  expect(next).toBe(milliseconds.length);
  return sizes;
}

const ticks = (count: number, startMs = 0, stepMs = 100) =>
  Array.from({ length: count }, (_, index) => startMs + index * stepMs);

test('an evenly spaced batch is one segment', () => {
  expect(sizesOf(ticks(600))).toEqual([600]);
  expect(sizesOf(ticks(1))).toEqual([1]);
  expect(sizesOf(ticks(64))).toEqual([64]);
});

test('ticks that are a little late are evenly spaced', () => {
  expect(sizesOf(ticks(600).map((ms, index) => ms + (index % 7) * 4))).toEqual([600]);
});

test('a missing tick separates two segments, so that it is billed when it arrives late', () => {
  expect(sizesOf([...ticks(300), ...ticks(300, 30_100)])).toEqual([300, 300]);
});

test('between long segments, samples are kept in segments of up to 64', () => {
  const everyOther = ticks(50, 30_000, 250).flatMap((ms) => [ms, ms + 20]);
  expect(sizesOf([...ticks(200), ...everyOther, ...ticks(300, 60_000)])).toEqual([200, 64, 36, 300]);
});

test('no segment crosses an hour', () => {
  expect(sizesOf(ticks(600, 3_600_000 - 10_000))).toEqual([100, 500]);
  expect(sizesOf([1_000, 3_600_000, 7_200_000])).toEqual([1, 1, 1]);
});
