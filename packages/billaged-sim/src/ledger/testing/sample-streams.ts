import fc from 'fast-check';
import { type CounterName, mapCounters } from '../counters.ts';
import type { BilledSample } from './usage-oracle.ts';

const second = 1_000_000_000n;
/** Twenty minutes before a whole hour. */
const begin = 1_735_687_200n * second;

/** Samples of one VM: increasing times, counters that grow or are reset to any value, and an occasional change of customer. */
export function streams(
  vmId: string,
  options: { readonly minLength: number; readonly maxLength: number; readonly stepNanos: fc.Arbitrary<bigint> },
): fc.Arbitrary<BilledSample[]> {
  const amount = fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(0n, 2n ** 53n - 1n));
  const counters = fc.record(mapCounters(() => amount));
  const step = fc.record({
    stepNanos: options.stepNanos,
    // A counter mostly grows; `resetTo` is its value after a reset.
    growth: fc.option(counters, { nil: undefined, freq: 3 }),
    resetTo: fc.option(counters, { nil: undefined, freq: 20 }),
    memoryBytes: fc.oneof(fc.bigInt(0n, 2n ** 36n), fc.bigInt(0n, 2n ** 53n - 1n)),
    isOtherCustomer: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
  });
  return fc.array(step, { minLength: options.minLength, maxLength: options.maxLength }).map((steps) => {
    const samples: BilledSample[] = [];
    let customer = 0;
    for (const { stepNanos, growth, resetTo, memoryBytes, isOtherCustomer } of steps) {
      const before = samples.at(-1);
      if (isOtherCustomer) customer += 1;
      const grown = (name: CounterName) => {
        const sum = (before?.counters[name] ?? 0n) + (growth?.[name] ?? 1n);
        return resetTo?.[name] ?? (sum < 2n ** 53n ? sum : 3n);
      };
      samples.push({
        vmId,
        customerId: `customer-${customer % 3}`,
        timeNanos: (before?.timeNanos ?? begin) + stepNanos,
        memoryBytes,
        counters: mapCounters(grown),
      });
    }
    return samples;
  });
}

/** Steps of any size: nanoseconds, seconds, many minutes, half days. */
export const anySteps: fc.Arbitrary<bigint> = fc.oneof(
  fc.constant(second),
  fc.bigInt(1n, 5n),
  fc.bigInt(1n, 3n * second),
  fc.bigInt(100n * second, 700n * second),
  fc.bigInt(3_000n * second, 43_200n * second),
);

/** Steps of a sampler that ticks every 3 s, late by up to a fifth, and misses a tick now and then. */
export const tickingSteps: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 60, arbitrary: fc.constant(3n * second) },
  { weight: 20, arbitrary: fc.bigInt(2_700n, 3_300n).map((ms) => ms * 1_000_000n) },
  { weight: 1, arbitrary: fc.bigInt(2n, 500n).map((ticks) => ticks * 3n * second) },
);

/** Batches of any size and order, with each sample at least once and some several times. */
export function anyBatches(samples: readonly BilledSample[]): fc.Arbitrary<BilledSample[][]> {
  const sent = fc
    .tuple(fc.shuffledSubarray([...samples], { minLength: samples.length }), fc.shuffledSubarray([...samples]))
    .map(([once, again]) => [...once, ...again]);
  return fc
    .tuple(sent, fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 20 }))
    .map(([all, sizes]) => split(all, sizes));
}

/**
 * Batches of a sender that does not know what has arrived: each batch is a part of the samples, cut at different places each
 * time, in any order.
 */
export function batchesOfAnyCut(samples: readonly BilledSample[]): fc.Arbitrary<BilledSample[][]> {
  const sizes = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 });
  return fc
    .tuple(sizes, sizes)
    .map(([first, again]) => [...split(samples, first), ...split(samples, again)])
    .chain((batches) => fc.shuffledSubarray(batches, { minLength: batches.length }));
}

function split(samples: readonly BilledSample[], sizes: readonly number[]): BilledSample[][] {
  const batches: BilledSample[][] = [];
  for (let at = 0; at < samples.length; ) {
    const size = sizes[batches.length % sizes.length] ?? 1;
    batches.push(samples.slice(at, at + size));
    at += size;
  }
  return batches;
}
