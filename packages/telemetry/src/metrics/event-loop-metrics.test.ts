import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import { defineEventLoopMetrics } from './event-loop-metrics.ts';
import { readFamilies } from './testing/read-samples.ts';

const opened: { close(): void }[] = [];

afterEach(() => {
  for (const metrics of opened.splice(0)) metrics.close();
});

function createWatched() {
  const clock = { now: 0 };
  const metrics = createCatalogue();
  const watching = defineEventLoopMetrics(metrics, { resolutionMs: 5, windowMs: 15_000, now: () => clock.now });
  opened.push(watching);
  const valuesOf = async (name: string) => {
    const family = (await readFamilies(metrics)).find((one) => one.name === name);
    return Array.from(family?.samples ?? [], ({ value }) => value);
  };
  return {
    clock,
    watching,
    valuesOf,
    maxLag: async () => (await valuesOf('nodejs_eventloop_lag_max_seconds'))[0] ?? 0,
  };
}

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Blocks the event loop between two timers of the one that watches it. */
async function stall(maxLag: () => Promise<number>): Promise<void> {
  while ((await maxLag()) < 0.15) {
    block(200);
    await nextTurn();
  }
}

test('the lag is 0 before the event loop has turned', async () => {
  const { valuesOf } = createWatched();
  for (const which of ['', 'max_', 'p50_', 'p90_', 'p99_'])
    expect(await valuesOf(`nodejs_eventloop_lag_${which}seconds`)).toEqual([0]);
});

test('a stall is the maximum lag and the other metrics are not above it', async () => {
  const { valuesOf, maxLag } = createWatched();
  await stall(maxLag);
  const max = await maxLag();
  expect(max).toBeGreaterThanOrEqual(0.15);
  for (const which of ['', 'p50_', 'p90_', 'p99_']) {
    const [lag] = await valuesOf(`nodejs_eventloop_lag_${which}seconds`);
    expect(lag).toBeGreaterThanOrEqual(0);
    // The histogram keeps three digits.
    expect(lag).toBeLessThanOrEqual(max * 1.01);
  }
});

test('every reader sees a stall for one window and none after two', async () => {
  const { clock, maxLag } = createWatched();
  await stall(maxLag);
  clock.now = 14_000;
  expect(await maxLag()).toBeGreaterThanOrEqual(0.15);
  clock.now = 15_000;
  expect(await maxLag()).toBeGreaterThanOrEqual(0.15);
  clock.now = 29_000;
  expect(await maxLag()).toBeGreaterThanOrEqual(0.15);
  clock.now = 30_000;
  // Between the readings the loop has not turned, so there is nothing else that can be seen.
  expect(await maxLag()).toBe(0);
});

test('closing stops the monitor', async () => {
  const { watching, maxLag } = createWatched();
  watching.close();
  const before = await maxLag();
  block(50);
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  expect(await maxLag()).toBe(before);
});

test('the time of the event loop is split into active and idle', async () => {
  const { valuesOf } = createWatched();
  const read = async () => (await valuesOf('nodejs_eventloop_time_seconds_total')) as [number, number];
  const [active] = await read();
  block(100);
  const [later] = await read();
  expect(later - active).toBeGreaterThanOrEqual(0.09);
});
