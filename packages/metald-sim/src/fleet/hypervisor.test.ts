import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSimulatedHypervisor } from './hypervisor.ts';
import type { VmOperation } from './state-machine.ts';

const timeScale = 20;

/**
 * The share of many operations, all begun at once, that have ended after each of these simulated times. The times are
 * timers of the same event loop, begun at the same moment: however slow the machine is, what is due first ends first.
 */
async function sharesDone(operation: VmOperation, afterSeconds: readonly number[]): Promise<number[]> {
  const operations = 500;
  const hypervisor = createSimulatedHypervisor({ seed: 1, timeScale });
  let done = 0;
  const work = Array.from({ length: operations }, async () => {
    await hypervisor.perform(operation, 'ud-1');
    done += 1;
  });
  const shares = await Promise.all(
    afterSeconds.map(async (seconds) => {
      await sleep((1_000 * seconds) / timeScale);
      return done / operations;
    }),
  );
  await Promise.all(work);
  return shares;
}

test('half of the boots take 3.2 s, and nine of ten between 2 and 5 s', async () => {
  const [before2s = 1, beforeMedian = 0, before5s = 0] = await sharesDone('boot', [2, 3.2, 5]);
  expect(Math.abs(beforeMedian - 0.5)).toBeLessThan(0.08);
  expect(Math.abs(before5s - before2s - 0.9)).toBeLessThan(0.05);
});

test('half of the shutdowns take a second, and half of the reboots as long as a shutdown and a boot', async () => {
  const [shutdown = 0] = await sharesDone('shutdown', [1]);
  const [reboot = 0] = await sharesDone('reboot', [4.2]);
  expect(Math.abs(shutdown - 0.5)).toBeLessThan(0.08);
  expect(Math.abs(reboot - 0.5)).toBeLessThan(0.08);
});

test('the same seed gives the same durations, and another seed gives others', async () => {
  const orderOfEnds = async (seed: number) => {
    const hypervisor = createSimulatedHypervisor({ seed, timeScale });
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        await hypervisor.perform('boot', 'ud-1');
        order.push(index);
      }),
    );
    return order;
  };
  const [one, same, other] = await Promise.all([orderOfEnds(3), orderOfEnds(3), orderOfEnds(4)]);
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
});
