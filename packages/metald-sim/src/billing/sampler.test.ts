import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { createFleet } from '../fleet/fleet.ts';
import { type Sampler, startSampler } from './sampler.ts';

const intervalMs = 20;
/** How long a slow machine may take. */
const patience = { timeout: 20_000, interval: 5 };
const machine = { vcpus: 2, memoryBytes: 1024 ** 3 };

let sampler: Sampler | undefined;
afterEach(() => sampler?.stop());

async function createTestFleet() {
  const fleet = createFleet<string>({
    maxVms: 10,
    seed: 1,
    hypervisor: { perform: async () => undefined },
    now: Date.now,
  });
  const create = (config: string) => fleet.create({ customerId: 'acme', config, machine });
  return { fleet, create };
}

/** Samples a fleet; each tick is the names of the VMs that were sampled in it. */
function startTestSampler(fleet: Awaited<ReturnType<typeof createTestFleet>>['fleet'], onTick = () => {}) {
  const startedAt = performance.now();
  const ticks: string[][] = [];
  sampler = startSampler({
    fleet,
    intervalMs,
    now() {
      ticks.push([]);
      onTick();
      return Date.now();
    },
    onSample: ({ config }) => ticks.at(-1)?.push(String(config)),
  });
  // A timer may fire a millisecond early.
  const most = () => (performance.now() - startedAt + 1) / intervalMs;
  return { ticks, most };
}

test('every VM that runs is sampled at each tick, and no other', async () => {
  const { fleet, create } = await createTestFleet();
  await create('created');
  for (const name of ['one', 'two']) await fleet.boot((await create(name)).id);
  const { id } = await create('three');
  await fleet.boot(id);
  await fleet.pause(id);
  const { ticks } = startTestSampler(fleet);
  await expect.poll(() => ticks.length, patience).toBeGreaterThan(3);
  expect(new Set(ticks.map(String))).toEqual(new Set(['one,two']));
  await fleet.resume(id);
  await expect.poll(() => ticks.at(-1), patience).toEqual(['one', 'two', 'three']);
});

test('there are never more ticks than intervals', async () => {
  const { fleet } = await createTestFleet();
  const { ticks, most } = startTestSampler(fleet);
  for (const count of [1, 5, 20]) {
    await expect.poll(() => ticks.length, patience).toBeGreaterThanOrEqual(count);
    expect(ticks.length).toBeLessThanOrEqual(most());
  }
});

test('ticks that were missed are not made up for', async () => {
  const { fleet } = await createTestFleet();
  const missed = 10;
  const { ticks, most } = startTestSampler(fleet, () => {
    const until = performance.now() + (ticks.length === 2 ? missed * intervalMs : 0);
    while (performance.now() < until);
  });
  await expect.poll(() => ticks.length, patience).toBeGreaterThan(5);
  expect(ticks.length).toBeLessThanOrEqual(most() - missed + 1);
});

test('a sampler that was stopped samples no more', async () => {
  const { fleet } = await createTestFleet();
  const { ticks } = startTestSampler(fleet);
  await expect.poll(() => ticks.length, patience).toBeGreaterThan(0);
  sampler?.stop();
  const { length } = ticks;
  await sleep(5 * intervalMs);
  expect(ticks).toHaveLength(length);
});
