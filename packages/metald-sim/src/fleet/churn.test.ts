import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Churn, startChurn } from './churn.ts';
import { createFleet } from './fleet.ts';

const machine = { vcpus: 1, memoryBytes: 1024 ** 3 };
/** How long a slow machine may take. */
const patience = { timeout: 20_000 };

let churn: Churn | undefined;
afterEach(() => churn?.stop());

/** A fleet of which each VM that may be replaced is, by one like it. */
function churnTestFleet(perMinute: number, customers: readonly string[]) {
  const hypervisor = { perform: async () => undefined };
  const fleet = createFleet({ maxVms: 100, seed: 1, hypervisor, now: Date.now });
  for (const customerId of customers) fleet.adopt({ customerId, config: undefined, machine });
  const replaced: string[] = [];
  churn = startChurn({
    slots: fleet.slots,
    perMinute,
    seed: 1,
    isReplaceable: ({ customerId }) => customerId === 'ours',
    async replace({ id, customerId }) {
      replaced.push(customerId);
      await fleet.shutdown(id);
      await fleet.delete(id);
      fleet.adopt({ customerId, config: undefined, machine });
    },
  });
  return { fleet, replaced };
}

test('VMs that may be replaced are, and the fleet keeps its size', async () => {
  const { fleet, replaced } = churnTestFleet(6_000, ['ours', 'theirs', 'ours', 'theirs']);
  const before = new Set(Array.from(fleet.all(), ({ id }) => id));
  await expect.poll(() => replaced.length, patience).toBeGreaterThan(20);
  churn?.stop();
  await expect.poll(() => fleet.countByState().running, patience).toBe(4);
  expect(new Set(replaced)).toEqual(new Set(['ours']));
  const kept = Array.from(fleet.all()).filter(({ id }) => before.has(id));
  expect(kept.map(({ customerId }) => customerId)).toEqual(['theirs', 'theirs']);
});

test('where there is nothing to replace nothing is, and after stop nothing is begun', async () => {
  const nobodys = churnTestFleet(60_000, ['theirs']);
  await sleep(300);
  expect(nobodys.replaced).toEqual([]);
  churn?.stop();
  const { replaced } = churnTestFleet(6_000, ['ours']);
  await expect.poll(() => replaced.length, patience).toBeGreaterThan(0);
  churn?.stop();
  const { length } = replaced;
  await sleep(300);
  expect(replaced).toHaveLength(length);
});
