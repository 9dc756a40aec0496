import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFleet } from '../fleet/fleet.ts';
import { memoryField, usageWidth } from '../fleet/usage.ts';
import type { Vm } from '../fleet/vm.ts';
import { restartCounters } from './restart-counters.ts';

const fleet = createFleet({ maxVms: 2, seed: 1, hypervisor: { perform: async () => undefined }, now: () => 0 });
const machine = { vcpus: 1, memoryBytes: 1 };
const [one, other] = [0, 1].map(() => fleet.adopt({ customerId: 'acme', config: undefined, machine }));

/** Passes rows on with a bound of 1000. @returns what comes out for a row */
function createTestRestart() {
  let out: number[] = [];
  const next = {
    add(_vm: Vm, _unixMs: number, amounts: Float64Array) {
      out = [...amounts];
    },
  };
  const sink = restartCounters(next, 1_000);
  return (vm: Vm | undefined, row: readonly number[]) => {
    if (vm !== undefined) sink.add(vm, 0, Float64Array.from(row));
    return out;
  };
}

/** What billaged bills for a sample: the growth, or all of a counter that fell. */
const growth = (before: number, now: number) => (now < before ? now : now - before);

test('a counter begins again after the sample that is above the bound; memory does not', () => {
  const pass = createTestRestart();
  const row = (amount: number) => Array<number>(usageWidth).fill(amount);
  expect(pass(one, row(1_000))).toEqual(row(1_000));
  expect(pass(one, row(1_001))).toEqual(row(1_001));
  expect(pass(other, row(1_001))).toEqual(row(1_001));
  expect(pass(one, row(1_003))).toEqual(row(2).with(memoryField, 1_003));
});

const steps = fc.array(
  fc.record({
    grows: fc.array(fc.nat(900), { minLength: usageWidth, maxLength: usageWidth }),
    isReboot: fc.nat(9).map((chance) => chance === 0),
  }),
  { maxLength: 60 },
);

test('what is billed does not change, and no counter is far above the bound', () => {
  fc.assert(
    fc.property(steps, (drawn) => {
      const pass = createTestRestart();
      let raw = Array<number>(usageWidth).fill(0);
      let last = raw;
      const used = [...raw];
      const billed = [...raw];
      for (const { grows, isReboot } of drawn) {
        // A reboot has a sample of zeros, as the sampler takes it.
        raw = isReboot ? raw.map(() => 0) : raw.map((amount, field) => amount + (grows[field] ?? 0));
        if (!isReboot) for (const field of used.keys()) used[field] = (used[field] ?? 0) + (grows[field] ?? 0);
        const out = pass(one, raw);
        for (const field of billed.keys()) {
          billed[field] = (billed[field] ?? 0) + growth(last[field] ?? 0, out[field] ?? 0);
          if (field !== memoryField) expect(out[field]).toBeLessThanOrEqual(1_900);
        }
        last = out;
      }
      expect(billed.toSpliced(memoryField, 1)).toEqual(used.toSpliced(memoryField, 1));
    }),
  );
});
