import { createCatalogue } from '@vmobs/telemetry/exposition';
import { afterEach, expect, test } from 'vitest';
import { createFleet } from '../fleet/fleet.ts';
import { usageWidth } from '../fleet/usage.ts';
import { createMetaldMetrics, type MetaldMetrics } from '../metrics/metrics.ts';
import { type Sampler, startSampler } from './sampler.ts';
import { blockSize } from './ticks.ts';

const intervalMs = 20;
/** How long a slow machine may take. */
const patience = { timeout: 100_000, interval: 5 };
const machine = { vcpus: 2, memoryBytes: 1024 ** 3 };

let sampler: Sampler | undefined;
afterEach(() => sampler?.stop());

/** Real metrics; at the end of each tick a test gets the number of its samples. */
function createTestMetrics(tickEnded: (samples: number) => void): MetaldMetrics {
  const metrics = createMetaldMetrics(createCatalogue());
  return {
    ...metrics,
    billingMetricsCollected: { ...metrics.billingMetricsCollected, inc: (samples = 0) => tickEnded(samples) },
  };
}

interface Noted {
  readonly name: string;
  readonly unixMs: number;
  readonly cpuNanos: number;
}

/** A fleet with a clock that is a second later at each tick, unless it is told otherwise. */
function createTestFleet({ tickMs = 1_000 } = {}) {
  const clock = { now: Date.UTC(2025, 0, 1), tickMs };
  const hypervisor = { perform: async () => undefined };
  const fleet = createFleet<string>({ maxVms: 200, seed: 1, hypervisor, now: () => clock.now });
  const add = (name: string) => fleet.adopt({ customerId: 'acme', config: name, machine });
  const ticks: Noted[][] = [[]];
  const start = () => {
    sampler = startSampler({
      slots: fleet.slots,
      intervalMs,
      now: () => clock.now,
      batcher: {
        add({ config }, unixMs, [cpuNanos = 0, ...others]) {
          expect(others).toHaveLength(usageWidth - 1);
          ticks.at(-1)?.push({ name: String(config), unixMs, cpuNanos });
        },
      },
      metrics: createTestMetrics((samples) => {
        expect(samples).toBe(ticks.at(-1)?.length);
        ticks.push([]);
        clock.now += clock.tickMs;
      }),
    });
  };
  clock.now += 500;
  return { fleet, clock, add, ticks, start, done: () => ticks.length - 1 };
}

const namesOf = (tick: readonly Noted[] | undefined) => tick?.map(({ name }) => name);

test('every VM that runs is sampled at each tick, and no other', async () => {
  const { fleet, clock, add, ticks, start, done } = createTestFleet();
  await fleet.create({ customerId: 'acme', config: 'created', machine });
  for (const name of ['one', 'two']) add(name);
  const { id } = add('three');
  await fleet.pause(id);
  clock.now += 100;
  start();
  await expect.poll(done, patience).toBeGreaterThan(3);
  expect(new Set(ticks.slice(0, 3).map((tick) => String(namesOf(tick))))).toEqual(new Set(['one,two']));
  await fleet.resume(id);
  await expect.poll(() => namesOf(ticks.at(-2)), patience).toEqual(['one', 'two', 'three']);
});

test('each VM of a fleet of several blocks is sampled once an interval', async () => {
  const { clock, add, ticks, start } = createTestFleet();
  const names = Array.from({ length: 2 * blockSize + 22 }, (_, index) => String(index));
  for (const name of names) add(name);
  clock.now += 100;
  start();
  // An interval has two ticks, each with the same VMs every time; a slow machine leaves some ticks out.
  const kinds = () => [...new Set(ticks.slice(0, -1).map((tick) => String(namesOf(tick))))];
  await expect.poll(() => [kinds().length >= 2, ticks.length > 8], patience).toEqual([true, true]);
  expect(kinds()).toHaveLength(2);
  const sampled = kinds().flatMap((kind) => kind.split(','));
  expect(sampled.map(Number).sort((one, other) => one - other)).toEqual(names.map(Number));
});

test('a VM with an operation under way is not sampled until it is over', async () => {
  const held = Promise.withResolvers<void>();
  const clock = { now: 0 };
  const hypervisor = { perform: (operation: string) => (operation === 'reboot' ? held.promise : Promise.resolve()) };
  const fleet = createFleet({ maxVms: 1, seed: 1, hypervisor, now: () => clock.now });
  const { id } = fleet.adopt({ customerId: 'acme', config: undefined, machine });
  const rebooting = fleet.reboot(id);
  const ticks: number[] = [];
  sampler = startSampler({
    slots: fleet.slots,
    intervalMs,
    now: () => clock.now,
    batcher: { add: () => undefined },
    metrics: createTestMetrics((samples) => {
      ticks.push(samples);
      clock.now += 100;
    }),
  });
  await expect.poll(() => ticks.length, patience).toBeGreaterThan(3);
  expect(new Set(ticks)).toEqual(new Set([0]));
  held.resolve();
  await rebooting;
  await expect.poll(() => ticks.at(-1), patience).toBe(1);
});

test('times are those of the clock, rise, and usage is counted until then', async () => {
  const { clock, add, ticks, start, done } = createTestFleet();
  const begin = clock.now;
  const vm = add('one');
  clock.now += 1_000;
  start();
  await expect.poll(done, patience).toBeGreaterThan(4);
  const samples = ticks.flat();
  expect(samples.map(({ unixMs }) => unixMs - begin)).toEqual(samples.map((_, index) => 1_000 * (index + 1)));
  for (const [index, { cpuNanos }] of samples.entries()) {
    expect(cpuNanos).toBeGreaterThan(samples[index - 1]?.cpuNanos ?? 0);
  }
  expect(vm.usage.cpuNanos).toBe(samples.at(-1)?.cpuNanos);
});

test('while the clock is not past the last sample there is none', async () => {
  const { clock, add, ticks, start, done } = createTestFleet();
  add('one');
  clock.now += 1_000;
  start();
  await expect.poll(done, patience).toBeGreaterThan(2);
  clock.now -= 60_000;
  clock.tickMs = 0;
  const setBackAt = done();
  await expect.poll(done, patience).toBeGreaterThan(setBackAt + 3);
  expect(ticks.slice(setBackAt + 1, setBackAt + 3).flat()).toEqual([]);
  clock.now += 120_000;
  await expect.poll(() => ticks.flat().at(-1)?.unixMs, patience).toBe(clock.now);
  const times = ticks.flat().map(({ unixMs }) => unixMs);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
});

test('a reboot has a sample of zeros, so that it shows however much is used after it', async () => {
  const { fleet, clock, add, ticks, start, done } = createTestFleet();
  const { id } = add('one');
  clock.now += 1_000;
  start();
  await expect.poll(() => ticks.flat().length, patience).toBeGreaterThan(0);
  const before = ticks.flat().at(-1)?.unixMs ?? 0;
  clock.tickMs = 0;
  clock.now += 100_000;
  await fleet.reboot(id);
  const bootedAtMs = clock.now;
  clock.now += 3_600_000;
  const seen = done();
  await expect.poll(done, patience).toBeGreaterThan(seen + 2);
  const after = ticks.flat().filter(({ unixMs }) => unixMs >= bootedAtMs);
  expect(bootedAtMs).toBeGreaterThan(before);
  expect(after.slice(0, 2).map(({ unixMs, cpuNanos }) => [unixMs, cpuNanos > 0])).toEqual([
    [bootedAtMs, false],
    [clock.now, true],
  ]);
});

test('a reboot at the very time of a sample has the zeros alone at that time', async () => {
  const { fleet, clock, add, ticks, start, done } = createTestFleet({ tickMs: 0 });
  const { id } = add('one');
  clock.now += 1_000;
  start();
  await expect.poll(() => ticks.flat().length, patience).toBe(1);
  clock.now += 1_000;
  // No tick comes in between: the reboot waits for nothing but settled promises.
  await fleet.reboot(id);
  const bootedAtMs = clock.now;
  const seen = done();
  await expect.poll(done, patience).toBeGreaterThan(seen + 2);
  expect(ticks.flat().slice(1)).toEqual([{ name: 'one', unixMs: bootedAtMs, cpuNanos: 0 }]);
  clock.now += 1_000;
  await expect.poll(() => ticks.flat().length, patience).toBe(3);
  expect(ticks.flat().at(-1)).toMatchObject({ unixMs: clock.now, cpuNanos: expect.toSatisfy((nanos) => nanos > 0) });
});
