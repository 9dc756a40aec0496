import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapCounters } from './counters.ts';
import { cutSpan } from './period-usage.ts';
import { addUsage, type UsageSpan, usageBetween } from './usage.ts';

const amount = fc.bigInt(0n, 2n ** 60n);
const counters = fc.record(mapCounters(() => amount));

/** A span, and a time after its first sample and not after its last. */
const cuts = fc
  .record({
    firstNanos: fc.bigInt(0n, 2n ** 61n),
    duration: fc.oneof(fc.bigInt(1n, 20n), fc.bigInt(1n, 3_600_000_000_000n), fc.bigInt(1n, 86_400_000_000_000n)),
    share: fc.bigInt(1n, 1_000_000n),
    sampleCount: fc.integer({ min: 2, max: 100_000 }),
    firstCounters: counters,
    lastCounters: counters,
    growth: counters,
    gaps: fc.integer({ min: 0, max: 3 }),
    memory: fc.record({ sum: amount, max: amount, byteMillis: fc.bigInt(0n, 2n ** 80n), last: amount }),
  })
  .map(({ firstNanos, duration, share, growth, memory, ...rest }) => {
    const span: UsageSpan = {
      ...rest,
      customerId: 'acme',
      firstNanos,
      lastNanos: firstNanos + duration,
      growth,
      lastMemoryBytes: memory.last,
      memorySumBytes: memory.sum,
      memoryMaxBytes: memory.max,
      memoryByteMillis: memory.byteMillis,
    };
    const at = firstNanos + (share * duration) / 1_000_000n;
    return { span, at: at > firstNanos ? at : firstNanos + 1n };
  });

test('the parts of a split span add up to it, and each has its times', () => {
  fc.assert(
    fc.property(cuts, ({ span, at }) => {
      const [before, after] = cutSpan(span, at);
      const { gaps: _, ...sum } = addUsage(addUsage(before, usageBetween(before, after)), after);
      expect(sum).toEqual({
        sampleCount: span.sampleCount,
        growth: span.growth,
        memorySumBytes: span.memorySumBytes,
        memoryMaxBytes: span.memoryMaxBytes,
        memoryByteMillis: span.memoryByteMillis,
      });
      expect(before.sampleCount).toBeGreaterThan(0);
      expect(after.sampleCount).toBeGreaterThan(0);
      expect(after.gaps).toBeGreaterThanOrEqual(0);
      expect(after.memoryByteMillis).toBeGreaterThanOrEqual(0n);
      expect([before.firstNanos, after.lastNanos]).toEqual([span.firstNanos, span.lastNanos]);
      expect(before.lastNanos).toBeLessThan(at);
      expect(after.firstNanos).toBeGreaterThanOrEqual(at);
      expect(after.lastCounters).toEqual(span.lastCounters);
    }),
    { numRuns: 2_000 },
  );
});
