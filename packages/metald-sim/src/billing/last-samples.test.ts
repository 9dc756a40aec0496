import { expect, test } from 'vitest';
import { createFleet } from '../fleet/fleet.ts';
import { createLastSamples } from './last-samples.ts';

const machine = { vcpus: 2, memoryBytes: 1024 ** 3 };

function createTestFleet() {
  const fleet = createFleet({ maxVms: 500, seed: 1, hypervisor: { perform: async () => undefined }, now: () => 0 });
  return { fleet, adopt: () => fleet.adopt({ customerId: 'acme', config: undefined, machine }) };
}

test('the boot epoch and the time of the last sample of each VM are kept', () => {
  const { adopt } = createTestFleet();
  const last = createLastSamples();
  const vms = Array.from({ length: 200 }, adopt);
  for (const vm of vms) {
    expect([last.bootEpochOf(vm), last.msOf(vm)]).toEqual([0, 0]);
    last.note(vm, 1, 1_000 + vm.slot);
  }
  for (const vm of vms) expect([last.bootEpochOf(vm), last.msOf(vm)]).toEqual([1, 1_000 + vm.slot]);
});

test('a VM in the slot of another begins without a sample', async () => {
  const { fleet, adopt } = createTestFleet();
  const last = createLastSamples();
  const vm = adopt();
  last.note(vm, 3, 1_000);
  await fleet.shutdown(vm.id);
  await fleet.delete(vm.id);
  const next = adopt();
  expect(next.slot).toBe(vm.slot);
  expect([last.bootEpochOf(next), last.msOf(next)]).toEqual([0, 0]);
});
