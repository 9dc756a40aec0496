import { expect, test } from 'vitest';
import { createFleet } from './fleet.ts';
import { usageWidth } from './usage.ts';
import type { BilledAmounts, TrueUsage } from './used-in-fleet.ts';
import type { Vm } from './vm.ts';

const machine = { vcpus: 2, memoryBytes: 1024 ** 3 };
const nothing = { cpuNanos: 0n, diskReadBytes: 0n, diskWriteBytes: 0n, networkRxBytes: 0n, networkTxBytes: 0n };

/** A fleet whose clock stands still unless it is moved, and what a sampler does with it. */
function createTestFleet(rememberGone = 10) {
  const clock = { now: Date.UTC(2025, 0, 1) };
  const hypervisor = { perform: async () => undefined };
  const fleet = createFleet({ maxVms: 1_000, seed: 1, hypervisor, now: () => clock.now, rememberGone });
  const row = new Float64Array(usageWidth);
  return {
    fleet,
    clock,
    adopt: (customerId = 'acme') => fleet.adopt({ customerId, config: undefined, machine }),
    pass: (seconds: number) => {
      clock.now += 1_000 * seconds;
    },
    sample({ slot }: Vm) {
      fleet.slots.takeSample(slot, clock.now, row);
      return row;
    },
    truthOf: ({ id }: Vm): TrueUsage | undefined => [...fleet.used.all()].find(({ vmId }) => vmId === id),
  };
}

const amountsOf = ({ usage }: Vm): BilledAmounts => ({
  cpuNanos: BigInt(usage.cpuNanos),
  diskReadBytes: BigInt(usage.diskReadBytes),
  diskWriteBytes: BigInt(usage.diskWriteBytes),
  networkRxBytes: BigInt(usage.networkRxBytes),
  networkTxBytes: BigInt(usage.networkTxBytes),
});

/** The sum of several amounts, each less what comes after it. */
function sum(...all: readonly (readonly [BilledAmounts, BilledAmounts?])[]): BilledAmounts {
  const of = (name: keyof BilledAmounts) =>
    all.reduce((total, [used, without = nothing]) => total + used[name] - without[name], 0n);
  return {
    cpuNanos: of('cpuNanos'),
    diskReadBytes: of('diskReadBytes'),
    diskWriteBytes: of('diskWriteBytes'),
    networkRxBytes: of('networkRxBytes'),
    networkTxBytes: of('networkTxBytes'),
  };
}

test('what a VM has used until now is known without a sample', () => {
  const { adopt, pass, truthOf } = createTestFleet();
  const vm = adopt();
  pass(60);
  const truth = truthOf(vm);
  expect(vm.usage.cpuNanos).toBeGreaterThan(0);
  expect(truth).toEqual({
    vmId: vm.id,
    customerId: 'acme',
    boots: 1,
    thisBoot: amountsOf(vm),
    total: amountsOf(vm),
    notSampled: amountsOf(vm),
    sampleCount: 0,
    firstMs: 0,
    lastMs: 0,
  });
  pass(60);
  expect(truthOf(vm)?.total.cpuNanos).toBeGreaterThan(truth?.total.cpuNanos ?? Infinity);
});

test('usage after the last sample is reported separately', () => {
  const { clock, adopt, pass, sample, truthOf } = createTestFleet();
  const vm = adopt();
  pass(10);
  sample(vm);
  pass(10);
  sample(vm);
  const sampled = amountsOf(vm);
  expect(truthOf(vm)).toMatchObject({ total: sampled, notSampled: nothing, sampleCount: 2 });
  expect(truthOf(vm)).toMatchObject({ firstMs: clock.now - 10_000, lastMs: clock.now });
  pass(10);
  const truth = truthOf(vm);
  expect(amountsOf(vm).cpuNanos).toBeGreaterThan(sampled.cpuNanos);
  expect(truth).toMatchObject({ total: amountsOf(vm), notSampled: sum([amountsOf(vm), sampled]) });
});

test('whatever a sampler makes of a sample, the truth stays as it is', () => {
  const { adopt, pass, sample, truthOf } = createTestFleet();
  const vm = adopt();
  pass(10);
  const row = sample(vm);
  const truth = truthOf(vm);
  row.fill(0);
  expect(truthOf(vm)).toEqual(truth);
  expect(truth?.notSampled).toEqual(nothing);
});

test('boots add up, including those without a sample and usage after the last sample', async () => {
  const { fleet, adopt, pass, sample, truthOf } = createTestFleet();
  const vm = adopt();
  pass(10);
  sample(vm);
  const sampledOfFirst = amountsOf(vm);
  pass(10);
  const first = amountsOf(fleet.get(vm.id));
  await fleet.reboot(vm.id);
  pass(3_600);
  const second = amountsOf(fleet.get(vm.id));
  await fleet.reboot(vm.id);
  pass(10);
  sample(vm);
  const third = amountsOf(vm);
  expect(truthOf(vm)).toMatchObject({
    boots: 3,
    thisBoot: third,
    total: sum([first], [second], [third]),
    notSampled: sum([first, sampledOfFirst], [second]),
    sampleCount: 2,
  });
});

test('the beginning of a boot can be sampled late, and shows zeros', async () => {
  const { fleet, clock, adopt, pass, sample, truthOf } = createTestFleet();
  const vm = adopt();
  pass(10);
  sample(vm);
  const first = amountsOf(vm);
  await fleet.reboot(vm.id);
  pass(10);
  const row = new Float64Array(usageWidth);
  fleet.slots.takeFirstSample(vm.slot, clock.now, row);
  expect(row[0]).toBe(0);
  const second = amountsOf(fleet.get(vm.id));
  expect(second.cpuNanos).toBeGreaterThan(0n);
  expect(truthOf(vm)).toMatchObject({ total: sum([first], [second]), notSampled: second, lastMs: clock.now });
});

test('a VM that was never booted has used nothing and is left out', async () => {
  const { fleet, truthOf } = createTestFleet();
  const vm = await fleet.create({ customerId: 'acme', config: undefined, machine });
  expect(truthOf(vm)).toBeUndefined();
  await fleet.delete(vm.id);
  expect(truthOf(vm)).toBeUndefined();
});

test('what a VM has used is known when it is gone and another has its slot', async () => {
  const { fleet, adopt, pass, sample, truthOf } = createTestFleet();
  const vm = adopt();
  pass(10);
  sample(vm);
  pass(10);
  await fleet.shutdown(vm.id);
  const before = truthOf(vm);
  await fleet.delete(vm.id);
  const next = adopt('globex');
  expect(next.slot).toBe(vm.slot);
  expect(truthOf(next)).toMatchObject({ boots: 1, total: nothing, notSampled: nothing, sampleCount: 0, firstMs: 0 });
  pass(10);
  sample(next);
  expect(truthOf(vm)).toEqual(before);
  expect(before?.notSampled).not.toEqual(nothing);
  expect(truthOf(next)).toMatchObject({ customerId: 'globex', total: amountsOf(next), sampleCount: 1 });
});

test('of too many deleted VMs the first are forgotten and counted', async () => {
  const { fleet, adopt, pass } = createTestFleet(2);
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    const { id } = adopt();
    ids.push(id);
    pass(1);
    await fleet.shutdown(id);
    await fleet.delete(id);
  }
  expect(Array.from(fleet.used.all(), ({ vmId }) => vmId)).toEqual(ids.slice(3));
  expect(fleet.used.forgotten).toBe(3);
});

test('many VMs are kept apart', () => {
  const { fleet, adopt, pass, sample } = createTestFleet();
  const vms = Array.from({ length: 500 }, () => adopt());
  pass(60);
  for (const vm of vms) if (vm.ordinal % 2 === 0) sample(vm);
  const truths = [...fleet.used.all()];
  expect(truths.map(({ total }) => total)).toEqual(vms.map(amountsOf));
  expect(truths.map(({ notSampled }) => notSampled)).toEqual(
    vms.map((vm) => (vm.ordinal % 2 === 0 ? nothing : amountsOf(vm))),
  );
});
