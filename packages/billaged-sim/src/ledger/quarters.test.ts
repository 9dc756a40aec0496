import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinWithinQuarters } from './quarters.ts';
import { spanOf, summarizeSegment } from './segment.ts';
import { columnsOf } from './testing/usage-samples.ts';
import { joinSpans, type UsageSpan } from './usage.ts';

const second = 1_000_000_000n;
/** Whole hours since 1970, also before it. */
const hour = fc.constantFrom(-3, 0, 472_222);

/** The span of samples in an hour that grow by one nanosecond of CPU time each. */
function spanAt(hours: number, seconds: readonly number[], customerId = 'acme'): UsageSpan {
  const samples = columnsOf(
    seconds.map((at, index) => ({
      timeNanos: BigInt(hours * 3_600 + at) * second,
      memoryBytes: 7n,
      counters: {
        cpuNanos: BigInt(index),
        diskReadBytes: 0n,
        diskWriteBytes: 0n,
        networkRxBytes: 0n,
        networkTxBytes: 0n,
      },
    })),
  );
  return spanOf(summarizeSegment(samples, 0, seconds.length - 1), customerId);
}

test('spans of one quarter are joined, and those of two are not', () => {
  const spans = [spanAt(1, [0, 1]), spanAt(1, [2, 899]), spanAt(1, [900]), spanAt(1, [1_799]), spanAt(1, [3_599])];
  expect(joinWithinQuarters(spans)).toEqual([
    ...joinSpans(spans.slice(0, 2)),
    ...joinSpans(spans.slice(2, 4)),
    ...spans.slice(4),
  ]);
});

test('a change of customer parts a quarter', () => {
  const customers = joinWithinQuarters([spanAt(1, [0]), spanAt(1, [1], 'globex'), spanAt(1, [2])]);
  expect(customers.map(({ customerId }) => customerId)).toEqual(['acme', 'globex', 'acme']);
});

test('a segment across quarters, as earlier versions stored it, is divided into parts that add up to it', () => {
  const seconds = fc.uniqueArray(fc.integer({ min: 0, max: 3_599 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(hour, seconds, (hours, times) => {
      const rising = times.toSorted((a, b) => a - b);
      const span = spanAt(hours, rising);
      const parts = joinWithinQuarters([span]);
      const { sampleCount, growth, memorySumBytes, memoryByteMillis, firstNanos, lastNanos } = span;
      const whole = { sampleCount, growth, memorySumBytes, memoryByteMillis, firstNanos, lastNanos };
      expect(joinSpans(parts)).toMatchObject([whole]);
      const quarters = parts.map((part) => [part.firstNanos, part.lastNanos].map((at) => quarterOf(hours, at)));
      expect(quarters.every(([first, last]) => first === last)).toBe(true);
    }),
  );
});

/** Which quarter of an hour a time is in. */
function quarterOf(hours: number, unixNanos: bigint): bigint {
  return (unixNanos - BigInt(hours * 3_600) * second) / (900n * second);
}
