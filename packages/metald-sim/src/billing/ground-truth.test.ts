import { expect, test } from 'vitest';
import { createGroundTruth } from './ground-truth.ts';

const web = { id: 'ud-web', customerId: 'acme', ordinal: 0, slot: 0 };
const rowOf = (amount: number) => Float64Array.of(amount, 7, 2 * amount, 3 * amount, 4 * amount, 5 * amount);
const amountsOf = (amount: number) => ({
  cpuNanos: BigInt(amount),
  diskReadBytes: BigInt(2 * amount),
  diskWriteBytes: BigInt(3 * amount),
  networkRxBytes: BigInt(4 * amount),
  networkTxBytes: BigInt(5 * amount),
});

test('the truth of a VM is its last sample', () => {
  const truth = createGroundTruth(10);
  truth.record(web, 1, 1_000, rowOf(10));
  truth.record(web, 1, 2_000, rowOf(25));
  expect([...truth.all()]).toEqual([
    {
      vmId: 'ud-web',
      customerId: 'acme',
      ordinal: 0,
      lives: 1,
      sampleCount: 2,
      firstMs: 1_000,
      lastMs: 2_000,
      thisLife: amountsOf(25),
      total: amountsOf(25),
    },
  ]);
  expect([truth.lastLifeOf(web), truth.lastMsOf(web)]).toEqual([1, 2_000]);
});

test('lives add up, whether a counter fell in between or not', () => {
  const truth = createGroundTruth(10);
  truth.record(web, 1, 1_000, rowOf(10));
  truth.record(web, 2, 2_000, rowOf(30));
  truth.record(web, 4, 3_000, rowOf(1));
  truth.record(web, 4, 4_000, rowOf(5));
  expect([...truth.all()]).toMatchObject([
    { lives: 3, sampleCount: 4, thisLife: amountsOf(5), total: amountsOf(10 + 30 + 5) },
  ]);
});

test('what a VM used is known when it is gone and another has its slot', () => {
  const truth = createGroundTruth(10);
  const next = { id: 'ud-next', customerId: 'globex', ordinal: 1, slot: 0 };
  truth.record(web, 1, 1_000, rowOf(10));
  expect([truth.lastLifeOf(next), truth.lastMsOf(next)]).toEqual([0, 0]);
  truth.record(next, 1, 2_000, rowOf(3));
  expect([...truth.all()]).toMatchObject([
    { vmId: 'ud-web', sampleCount: 1, total: amountsOf(10) },
    { vmId: 'ud-next', sampleCount: 1, lives: 1, firstMs: 2_000, total: amountsOf(3) },
  ]);
});

test('of too many that are gone the first are forgotten, and how many is said', () => {
  const truth = createGroundTruth(2);
  for (let ordinal = 0; ordinal < 5; ordinal += 1) {
    truth.record({ id: `ud-${ordinal}`, customerId: 'acme', ordinal, slot: 0 }, 1, 1_000 + ordinal, rowOf(1));
  }
  expect(Array.from(truth.all(), ({ vmId }) => vmId)).toEqual(['ud-2', 'ud-3', 'ud-4']);
  expect(truth.forgotten).toBe(2);
});

test('many VMs are kept apart', () => {
  const truth = createGroundTruth(0);
  for (let slot = 0; slot < 500; slot += 1) {
    truth.record({ id: `ud-${slot}`, customerId: 'acme', ordinal: slot, slot }, 1, 1_000, rowOf(slot));
  }
  expect(Array.from(truth.all(), ({ total }) => total.cpuNanos)).toEqual(
    Array.from({ length: 500 }, (_, slot) => BigInt(slot)),
  );
});
