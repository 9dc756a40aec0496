import { expect, test } from 'vitest';
import { createFleet } from './fleet.ts';
import type { Usage } from './usage.ts';

const machine = { vcpus: 2, memoryBytes: 1024 ** 3 };
const nothing = [0, 0, 0, 0, 0];

const counters = ({ cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes }: Usage) => [
  cpuNanos,
  diskReadBytes,
  diskWriteBytes,
  networkRxBytes,
  networkTxBytes,
];

/** A VM of a fleet whose clock stands still unless it is moved. */
async function createTestVm() {
  const clock = { now: Date.UTC(2025, 0, 1) };
  const hypervisor = { perform: async () => undefined };
  const fleet = createFleet({ maxVms: 10, seed: 1, hypervisor, now: () => clock.now });
  const vm = await fleet.create({ customerId: 'acme', config: undefined, machine });
  /** Moves the clock and reads what runs, as the sampler does: usage is counted when it is read. */
  const usageAfter = (seconds: number) => {
    clock.now += 1_000 * seconds;
    Array.from(fleet.running());
    return counters(vm.usage);
  };
  return { fleet, clock, vm, usageAfter };
}

test('a VM that was just booted has used nothing but memory', async () => {
  const { fleet, vm } = await createTestVm();
  const { usage } = await fleet.boot(vm.id);
  expect(counters(usage)).toEqual(nothing);
  expect(usage.memoryBytes).toBeGreaterThan(0);
  expect(usage.memoryBytes).toBeLessThan(machine.memoryBytes);
});

test('usage grows only while the VM runs', async () => {
  const { fleet, vm, usageAfter } = await createTestVm();
  expect(usageAfter(60)).toEqual(nothing);
  await fleet.boot(vm.id);
  expect(usageAfter(0)).toEqual(nothing);
  const running = usageAfter(60);
  for (const amount of running) expect(amount).toBeGreaterThan(0);
  await fleet.pause(vm.id);
  expect(usageAfter(60)).toEqual(running);
  await fleet.resume(vm.id);
  expect(usageAfter(0)).toEqual(running);
  for (const [index, amount] of usageAfter(60).entries()) expect(amount).toBeGreaterThan(running[index] ?? Infinity);
  await fleet.shutdown(vm.id);
  const final = counters(vm.usage);
  expect(usageAfter(60)).toEqual(final);
});

test('usage begins again at zero after a reboot, and grows from there', async () => {
  const { fleet, clock, vm, usageAfter } = await createTestVm();
  await fleet.boot(vm.id);
  const [cpuNanosBefore = 0] = usageAfter(3_600);
  expect(cpuNanosBefore).toBeGreaterThan(0);
  const { usage, bootedAtMs } = await fleet.reboot(vm.id);
  expect(counters(usage)).toEqual(nothing);
  expect(bootedAtMs).toBe(clock.now);
  const [cpuNanosAfter = 0] = usageAfter(1);
  expect(cpuNanosAfter).toBeGreaterThan(0);
  expect(cpuNanosAfter).toBeLessThan(cpuNanosBefore);
});

test('what ran between the last sample and a shutdown is counted', async () => {
  const { fleet, clock, vm, usageAfter } = await createTestVm();
  await fleet.boot(vm.id);
  const [sampled = 0] = usageAfter(60);
  clock.now += 60_000;
  expect((await fleet.shutdown(vm.id)).usage.cpuNanos).toBeGreaterThan(sampled);
});

test('a clock that was set back counts nothing until it has caught up', async () => {
  const { fleet, vm, usageAfter } = await createTestVm();
  await fleet.boot(vm.id);
  expect(usageAfter(-60)).toEqual(nothing);
  expect(usageAfter(60)).toEqual(nothing);
  const [cpuNanos = 0] = usageAfter(1);
  expect(cpuNanos).toBeGreaterThan(0);
  expect(cpuNanos).toBeLessThanOrEqual(1e9 * machine.vcpus);
});

test('what is asked about a VM is what it has used until now', async () => {
  const { fleet, clock, vm } = await createTestVm();
  await fleet.boot(vm.id);
  clock.now += 10_000;
  const { usage, usageUntilMs } = fleet.get(vm.id);
  expect(usage.cpuNanos).toBeGreaterThan(0);
  expect(usageUntilMs).toBe(clock.now);
});
