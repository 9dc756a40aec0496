import { expect, test } from 'vitest';
import { createFleet } from './fleet.ts';
import { isOfStartingFleet, startFleet } from './starting-fleet.ts';
import type { Vm } from './vm.ts';

async function startTestFleet(seed: number, count: number) {
  const hypervisor = { perform: async () => undefined };
  const fleet = createFleet<string>({ maxVms: count, seed, hypervisor, now: () => Date.UTC(2025, 0, 1) });
  const started: Vm<string>[] = [];
  await startFleet({
    fleet,
    count,
    seed,
    configOf: ({ vcpus }) => `${vcpus} vCPUs`,
    onStarted: (vm) => void started.push(vm),
  });
  return { fleet, started };
}

test('every VM runs, is reported, and has the configuration of its machine', async () => {
  const { fleet, started } = await startTestFleet(1, 2_500);
  expect(fleet.countByState()).toEqual({ created: 0, running: 2_500, paused: 0, shutdown: 0 });
  expect(started).toEqual([...fleet.all()]);
  for (const { config, machine } of started) expect(config).toBe(`${machine.vcpus} vCPUs`);
});

test('a fleet has the square root of its VMs as customers, with ids of their own', async () => {
  const { started } = await startTestFleet(1, 2_500);
  expect(new Set(started.map(({ customerId }) => customerId)).size).toBe(50);
  expect(started.every(isOfStartingFleet)).toBe(true);
  expect(isOfStartingFleet({ customerId: 'acme' })).toBe(false);
});

test('the same seed gives the same machines, customers and loads under new ids', async () => {
  const shapeOf = async (seed: number) =>
    (await startTestFleet(seed, 100)).started.map(({ machine, customerId, workload }) => [
      machine,
      customerId,
      workload,
    ]);
  expect(await shapeOf(3)).toEqual(await shapeOf(3));
  expect(await shapeOf(4)).not.toEqual(await shapeOf(3));
  const [one, other] = [await startTestFleet(3, 1), await startTestFleet(3, 1)];
  expect(one.started[0]?.id).not.toBe(other.started[0]?.id);
});
