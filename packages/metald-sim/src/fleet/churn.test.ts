import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Churn, startChurn } from './churn.ts';
import { createFleet } from './fleet.ts';

const machine = { vcpus: 1, memoryBytes: 1024 ** 3 };

let churn: Churn | undefined;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  churn?.stop();
  vi.useRealTimers();
});

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

test('churn replaces eligible VMs at its rate and keeps the size of the fleet', async () => {
  const { fleet, replaced } = churnTestFleet(600, ['ours', 'theirs', 'ours', 'theirs']);
  const before = new Set(Array.from(fleet.all(), ({ id }) => id));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(replaced).toHaveLength(100);
  expect(fleet.countByState().running).toBe(4);
  expect(new Set(replaced)).toEqual(new Set(['ours']));
  const kept = Array.from(fleet.all()).filter(({ id }) => before.has(id));
  expect(kept.map(({ customerId }) => customerId)).toEqual(['theirs', 'theirs']);
});

test('where there is nothing to replace nothing is', async () => {
  const { replaced } = churnTestFleet(60_000, ['theirs']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(replaced).toEqual([]);
});

test('after stop nothing is begun', async () => {
  const { replaced } = churnTestFleet(6_000, ['ours']);
  await vi.advanceTimersByTimeAsync(100);
  expect(replaced).not.toEqual([]);
  churn?.stop();
  expect(vi.getTimerCount()).toBe(0);
});
