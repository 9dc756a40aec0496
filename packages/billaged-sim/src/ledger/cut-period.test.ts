import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutStretch } from './cut-period.ts';
import { addUsed, type Stretch, usedBetween } from './stretch.ts';

const amount = fc.bigInt(0n, 2n ** 60n);
const counters = fc.tuple(amount, amount, amount, amount, amount);

/** A stretch, and a moment after its first sample and not after its last. */
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
    const [cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes] = growth;
    const stretch: Stretch = {
      ...rest,
      customerId: 'acme',
      firstNanos,
      lastNanos: firstNanos + duration,
      growth: { cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes },
      lastMemoryBytes: memory.last,
      memorySumBytes: memory.sum,
      memoryMaxBytes: memory.max,
      memoryByteMillis: memory.byteMillis,
    };
    const at = firstNanos + (share * duration) / 1_000_000n;
    return { stretch, at: at > firstNanos ? at : firstNanos + 1n };
  });

test('both sides of a cut come to what there was, and each has its times', () => {
  fc.assert(
    fc.property(cuts, ({ stretch, at }) => {
      const [before, after] = cutStretch(stretch, at);
      const { gaps: _, ...sum } = addUsed(addUsed(before, usedBetween(before, after)), after);
      expect(sum).toEqual({
        sampleCount: stretch.sampleCount,
        growth: stretch.growth,
        memorySumBytes: stretch.memorySumBytes,
        memoryMaxBytes: stretch.memoryMaxBytes,
        memoryByteMillis: stretch.memoryByteMillis,
      });
      expect(before.sampleCount).toBeGreaterThan(0);
      expect(after.sampleCount).toBeGreaterThan(0);
      expect(after.gaps).toBeGreaterThanOrEqual(0);
      expect(after.memoryByteMillis).toBeGreaterThanOrEqual(0n);
      expect([before.firstNanos, after.lastNanos]).toEqual([stretch.firstNanos, stretch.lastNanos]);
      expect(before.lastNanos).toBeLessThan(at);
      expect(after.firstNanos).toBeGreaterThanOrEqual(at);
      expect(after.lastCounters).toEqual(stretch.lastCounters);
    }),
    { numRuns: 2_000 },
  );
});
