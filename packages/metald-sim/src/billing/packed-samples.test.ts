import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPackedSamples } from './packed-samples.ts';

interface Sample {
  readonly unixMs: number;
  readonly row: readonly number[];
}

const row = fc.array(fc.oneof(fc.nat(1_000), fc.maxSafeNat()), { minLength: 6, maxLength: 6 });

function drain(samples: ReturnType<typeof createPackedSamples>, slot: number): Sample[] {
  const taken: Sample[] = [];
  samples.drain(slot, (unixMs, amounts) => taken.push({ unixMs, row: [...amounts] }));
  return taken;
}

test('what is taken out is what was put in, list by list, in order', () => {
  const appended = fc.record({ slot: fc.nat(200), afterMs: fc.integer({ min: 1, max: 100_000 }), row });
  fc.assert(
    fc.property(fc.array(appended, { maxLength: 400 }), fc.array(appended, { maxLength: 400 }), (first, second) => {
      const samples = createPackedSamples();
      // The second round meets memory that the first one has used.
      for (const round of [first, second]) {
        const expected = new Map<number, Sample[]>();
        let unixMs = Date.UTC(2025, 0, 1);
        for (const { slot, afterMs, row } of round) {
          unixMs += afterMs;
          samples.append(slot, unixMs, Float64Array.from(row));
          const list = expected.get(slot) ?? [];
          list.push({ unixMs, row });
          expected.set(slot, list);
        }
        for (const [slot, list] of expected) {
          expect(samples.countOf(slot)).toBe(list.length);
          expect([samples.firstMsOf(slot), samples.lastMsOf(slot)]).toEqual([list[0]?.unixMs, list.at(-1)?.unixMs]);
          expect(drain(samples, slot)).toEqual(list);
          expect([samples.countOf(slot), drain(samples, slot)]).toEqual([0, []]);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('lists that grow side by side over many pieces of memory do not mix', () => {
  const samples = createPackedSamples();
  const sampleOf = (slot: number, count: number): Sample => ({
    unixMs: 1_700_000_000_000 + 10 * count + slot,
    row: Array.from({ length: 6 }, (_, field) => (count % 2 === 0 ? Number.MAX_SAFE_INTEGER - slot : count * field)),
  });
  const counts = Array.from({ length: 300 }, (_, count) => count);
  for (const count of counts) {
    for (const slot of [0, 1, 2]) {
      const { unixMs, row } = sampleOf(slot, count);
      samples.append(slot, unixMs, Float64Array.from(row));
    }
  }
  for (const slot of [0, 1, 2]) expect(drain(samples, slot)).toEqual(counts.map((count) => sampleOf(slot, count)));
});

test('memory that was given back is used again', () => {
  const samples = createPackedSamples();
  for (let round = 0; round < 20; round += 1) {
    for (let count = 0; count < 20_000; count += 1) {
      samples.append(count % 10, 1_000 + count, Float64Array.of(count, 5, count, count, count, count));
    }
    for (let slot = 0; slot < 10; slot += 1) drain(samples, slot);
  }
  expect(samples.byteLength).toBe(1024 ** 2);
});
