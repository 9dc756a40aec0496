import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSimulatedHypervisor, type Stop } from './hypervisor.ts';
import type { VmOperation } from './state-machine.ts';

const many = 500;
/** With it, the first guest that is shut down takes 5 s. */
const slowFirstGuest = 10;

const timeScale = 20;

/**
 * Begins many operations at once and tells which share of them takes less than each of these simulated times. What is
 * compared are timers of one event loop, and what is due first ends first, however slow the machine is. It may be slow
 * in between two that are begun, so there are two answers: a timer begun before all operations gives at most the true
 * share, and one begun after them at least that.
 */
async function sharesWithin(operation: VmOperation, seconds: readonly number[], stop?: Stop) {
  const operations = many;
  const hypervisor = createSimulatedHypervisor({ seed: 1, timeScale });
  let done = 0;
  const shareAfter = async (time: number) => {
    await sleep((1_000 * time) / timeScale);
    return done / operations;
  };
  const before = seconds.map(shareAfter);
  const work = Array.from({ length: operations }, async () => {
    await hypervisor.perform(operation, 'ud-1', stop);
    done += 1;
  });
  const after = seconds.map(shareAfter);
  await Promise.all(work);
  return { atLeast: await Promise.all(before), atMost: await Promise.all(after) };
}

test('nine of ten boots take between 2 and 5 s', async () => {
  const { atLeast, atMost } = await sharesWithin('boot', [2, 5]);
  const [atLeastIn2s = 1, atLeastIn5s = 1] = atLeast;
  const [atMostIn2s = 0, atMostIn5s = 0] = atMost;
  expect(atLeastIn5s - atMostIn2s).toBeLessThan(0.95);
  expect(atMostIn5s - atLeastIn2s).toBeGreaterThan(0.85);
});

test.for([
  { operation: 'boot', medianSeconds: 3.2 },
  { operation: 'shutdown', medianSeconds: 1 },
  { operation: 'reboot', medianSeconds: 4.2 },
] as const)('half of all takes less than $medianSeconds s: $operation', async ({ operation, medianSeconds }) => {
  const { atLeast, atMost } = await sharesWithin(operation, [medianSeconds]);
  expect(atLeast[0]).toBeLessThan(0.58);
  expect(atMost[0]).toBeGreaterThan(0.42);
});

/** A way to stop VMs that counts the guests that were too slow. */
function stopWithin(graceSeconds: number) {
  const stop = {
    graceSeconds,
    overdue: 0,
    onOverdue() {
      stop.overdue += 1;
    },
  };
  return stop;
}

test('one of six guests takes more than 2 s to shut down', async () => {
  const stop = stopWithin(2);
  await sharesWithin('shutdown', [], stop);
  // 80 of 500, with a standard deviation of 8.
  expect(stop.overdue).toBeGreaterThan(80 - 4 * 8);
  expect(stop.overdue).toBeLessThan(80 + 4 * 8);
});

test('a guest that is not done when its grace is over is switched off then', async () => {
  const slow = () => createSimulatedHypervisor({ seed: slowFirstGuest, timeScale: 1 });
  const stop = stopWithin(0.2);
  const first = await Promise.race([
    slow()
      .perform('shutdown', 'ud-1', stop)
      .then(() => 'with a grace'),
    slow()
      .perform('shutdown', 'ud-1')
      .then(() => 'without one'),
  ]);
  expect([first, stop.overdue]).toEqual(['with a grace', 1]);
});

test('nobody is too slow for half a minute, and whoever is not asked is not too slow', async () => {
  const [patient, forced] = [stopWithin(30), stopWithin(0)];
  await sharesWithin('shutdown', [], patient);
  const { atMost } = await sharesWithin('shutdown', [0.3], forced);
  expect([patient.overdue, forced.overdue]).toEqual([0, 0]);
  // Without force three of a hundred guests would be that fast.
  expect(atMost[0]).toBe(1);
});

/** How far apart in time, as ranks among all, boots of two hypervisors end that are begun together. */
async function medianDistance(seed: number, otherSeed: number): Promise<number> {
  const pairs = 40;
  const hypervisors = [seed, otherSeed].map((each) => createSimulatedHypervisor({ seed: each, timeScale }));
  const ended: number[] = [];
  await Promise.all(
    Array.from({ length: pairs }, (_, pair) =>
      hypervisors.map((hypervisor) => hypervisor.perform('boot', 'ud-1').then(() => ended.push(pair))),
    ).flat(),
  );
  const distances = Array.from({ length: pairs }, (_, pair) => ended.lastIndexOf(pair) - ended.indexOf(pair));
  return distances.sort((a, b) => a - b)[pairs / 2] ?? Number.NaN;
}

test('the same seed gives the same durations, and another seed gives others', async () => {
  expect(await medianDistance(3, 3)).toBeLessThanOrEqual(4);
  expect(await medianDistance(3, 4)).toBeGreaterThan(10);
});
