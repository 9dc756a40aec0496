import { describe, expect, test } from 'vitest';
import { createFleet } from './fleet.ts';
import type { Hypervisor } from './hypervisor.ts';

const machine = { vcpus: 2, memoryBytes: 1024 ** 3 };
const newVm = { customerId: 'acme', config: 'small', machine };
const instantHypervisor: Hypervisor = { perform: async () => undefined };

/** A fleet whose clock stands still unless it is moved. */
function createTestFleet({ maxVms = 10, hypervisor = instantHypervisor } = {}) {
  const clock = { now: Date.UTC(2025, 0, 1) };
  return { fleet: createFleet<string>({ maxVms, seed: 1, hypervisor, now: () => clock.now }), clock };
}

/** A hypervisor that works for as long as it is held and fails while it is broken. */
function createHeldHypervisor() {
  let held = Promise.withResolvers<void>();
  held.resolve();
  return {
    isBroken: false,
    hold() {
      held = Promise.withResolvers();
    },
    release: () => held.resolve(),
    async perform() {
      await held.promise;
      if (this.isBroken) throw new Error('no KVM');
    },
  };
}

describe('operations', () => {
  test('a VM goes through all states, after which it is not_found', async () => {
    const { fleet, clock } = createTestFleet();
    const { id, state, createdAtMs } = await fleet.create(newVm);
    expect({ state, createdAtMs }).toEqual({ state: 'created', createdAtMs: clock.now });
    clock.now += 1_000;
    expect(await fleet.boot(id)).toMatchObject({ state: 'running', bootedAtMs: clock.now, modifiedAtMs: clock.now });
    expect(await fleet.pause(id)).toMatchObject({ state: 'paused' });
    expect(await fleet.resume(id)).toMatchObject({ state: 'running' });
    expect(await fleet.reboot(id)).toMatchObject({ state: 'running' });
    expect(await fleet.shutdown(id)).toMatchObject({ state: 'shutdown' });
    await fleet.delete(id);
    expect([...fleet.all()]).toEqual([]);
    expect(() => fleet.get(id)).toThrow(expect.objectContaining({ code: 'not_found' }));
    await expect(fleet.boot(id)).rejects.toMatchObject({ code: 'not_found', message: `VM ${id} does not exist` });
  });

  test('an operation in a wrong state names the allowed states and changes nothing', async () => {
    const { fleet } = createTestFleet();
    const { id } = await fleet.create(newVm);
    await expect(fleet.shutdown(id)).rejects.toMatchObject({
      code: 'failed_precondition',
      message: `cannot shutdown VM ${id}: it is created, not running or paused`,
    });
    expect(fleet.get(id)).toMatchObject({ state: 'created', isBusy: false });
  });

  test('a second operation on a VM is failed_precondition until the first has ended', async () => {
    const hypervisor = createHeldHypervisor();
    const { fleet } = createTestFleet({ hypervisor });
    const { id } = await fleet.create(newVm);
    hypervisor.hold();
    const booting = fleet.boot(id);
    await expect(fleet.boot(id)).rejects.toMatchObject({ code: 'failed_precondition' });
    await expect(fleet.delete(id)).rejects.toMatchObject({ code: 'failed_precondition' });
    hypervisor.release();
    expect((await booting).state).toBe('running');
    expect((await fleet.pause(id)).state).toBe('paused');
  });

  test('a hypervisor failure is internal, keeps its cause, and leaves the VM unchanged', async () => {
    const hypervisor = createHeldHypervisor();
    const { fleet } = createTestFleet({ hypervisor });
    const { id } = await fleet.create(newVm);
    hypervisor.isBroken = true;
    await expect(fleet.boot(id)).rejects.toMatchObject({ code: 'internal', cause: { message: 'no KVM' } });
    expect(fleet.get(id)).toMatchObject({ state: 'created', isBusy: false });
    hypervisor.isBroken = false;
    expect((await fleet.boot(id)).state).toBe('running');
  });
});

describe('the limit', () => {
  test('counts VMs during creation, and frees the slot of a failed one', async () => {
    const hypervisor = createHeldHypervisor();
    const { fleet } = createTestFleet({ maxVms: 2, hypervisor });
    hypervisor.hold();
    const creating = [fleet.create(newVm), fleet.create(newVm)].map((vm) => vm.catch((error: unknown) => error));
    await expect(fleet.create(newVm)).rejects.toMatchObject({ code: 'resource_exhausted' });
    hypervisor.isBroken = true;
    hypervisor.release();
    for (const error of await Promise.all(creating)) expect(error).toMatchObject({ code: 'internal' });
    hypervisor.isBroken = false;
    await fleet.create(newVm);
    const { id } = await fleet.create(newVm);
    await expect(fleet.create(newVm)).rejects.toMatchObject({ code: 'resource_exhausted' });
    await fleet.delete(id);
    expect((await fleet.create(newVm)).state).toBe('created');
  });
});

test('VMs are counted by state and listed in the order of their creation', async () => {
  const { fleet } = createTestFleet();
  expect(fleet.countByState()).toEqual({ created: 0, running: 0, paused: 0, shutdown: 0 });
  const ids: string[] = [];
  for (let index = 0; index < 6; index += 1) ids.push((await fleet.create(newVm)).id);
  const [, running = '', alsoRunning = '', paused = '', shutdown = '', deleted = ''] = ids;
  for (const id of [running, alsoRunning, paused, shutdown]) await fleet.boot(id);
  await fleet.pause(paused);
  await fleet.shutdown(shutdown);
  await fleet.delete(deleted);
  expect(fleet.countByState()).toEqual({ created: 1, running: 2, paused: 1, shutdown: 1 });
  expect([...fleet.all()].map(({ id }) => id)).toEqual(ids.slice(0, 5));
  expect([...fleet.running()].map(({ id }) => id)).toEqual([running, alsoRunning]);
});

describe('slots', () => {
  test('a new VM in the slot of a deleted one starts with no usage', async () => {
    const { fleet, clock } = createTestFleet();
    const { id } = fleet.adopt(newVm);
    const { slot } = fleet.get(id);
    clock.now += 60_000;
    const used = (await fleet.shutdown(id)).usage;
    const gone = await fleet.delete(id);
    const next = fleet.adopt({ ...newVm, customerId: 'globex' });
    expect(next.slot).toBe(slot);
    expect(next.usage.cpuNanos).toBe(0);
    clock.now += 1_000;
    // What was deleted stays as it was, whoever has its slot now.
    expect(gone).toMatchObject({ id, state: 'shutdown', usage: used, customerId: 'acme' });
    expect(fleet.slots.vmAt(slot)).toBe(next);
  });

  test('many VMs find room, and each keeps its own state', async () => {
    const { fleet, clock } = createTestFleet({ maxVms: 1_000 });
    const all = Array.from({ length: 1_000 }, () => fleet.adopt(newVm));
    expect(fleet.slots.slotCount).toBe(1_000);
    clock.now += 60_000;
    const used = Array.from(fleet.running(), ({ usage }) => usage.cpuNanos);
    expect(new Set(used).size).toBeGreaterThan(900);
    expect(all.map(({ slot }) => slot)).toEqual(all.map((_, index) => index));
    expect(fleet.countByState()).toEqual({ created: 0, running: 1_000, paused: 0, shutdown: 0 });
  });

  test('a slot runs while its VM does and nothing is being done to it', async () => {
    const hypervisor = createHeldHypervisor();
    const { fleet } = createTestFleet({ hypervisor });
    const { id, slot } = await fleet.create(newVm);
    const { slots } = fleet;
    expect(slots.isRunning(slot)).toBe(false);
    await fleet.boot(id);
    expect([slots.isRunning(slot), slots.bootEpochOf(slot)]).toEqual([true, 1]);
    hypervisor.hold();
    const rebooting = fleet.reboot(id);
    expect(slots.isRunning(slot)).toBe(false);
    hypervisor.release();
    await rebooting;
    expect([slots.isRunning(slot), slots.bootEpochOf(slot)]).toEqual([true, 2]);
    await fleet.pause(id);
    expect(slots.isRunning(slot)).toBe(false);
    await fleet.shutdown(id);
    await fleet.delete(id);
    expect([slots.isRunning(slot), slots.vmAt(slot)]).toEqual([false, undefined]);
  });
});

test('a VM that is adopted runs at once, and counts against the limit', () => {
  const { fleet, clock } = createTestFleet({ maxVms: 1 });
  expect(fleet.adopt(newVm)).toMatchObject({ state: 'running', isBusy: false, bootedAtMs: clock.now });
  expect(() => fleet.adopt(newVm)).toThrow(expect.objectContaining({ code: 'resource_exhausted' }));
});
