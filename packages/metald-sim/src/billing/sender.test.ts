import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createBreaker } from './breaker.ts';
import { createSender, type Sender, type SenderOptions } from './sender.ts';
import type { SpoolEntry } from './spool/entry.ts';

/** How long a slow machine may take. */
const patience = { timeout: 100_000, interval: 2 };

const senders: Sender[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const sender of senders.splice(0)) await sender.close(0);
});

let nextSequence = 1;
function batch(vmId: string, sampleCount = 1): SpoolEntry {
  const content = {
    kind: 'batch',
    vmId,
    customerId: 'acme',
    sampleCount,
    firstTimestamp: 0n,
    lastTimestamp: 0n,
  } as const;
  return { sequence: nextSequence++, storedAtMs: 0, content, trace: {} };
}
function notice(vmId: string): SpoolEntry {
  return { sequence: nextSequence++, storedAtMs: 0, content: { kind: 'stopped', vmId, stopTime: 0n }, trace: {} };
}

/** A sender to a billaged that can be down, and everything that reached it. */
function createTestSender(options: Partial<SenderOptions> = {}) {
  const billaged = {
    isDown: false,
    /** VMs whose batches it does not take. */
    failing: new Set<string>(),
    retryAfterMs: undefined as number | undefined,
    attempts: [] as { entry: SpoolEntry; isBeforeBatch: boolean }[],
    received: [] as SpoolEntry[],
    underWay: 0,
    mostUnderWay: 0,
  };
  const breaker = createBreaker({ firstPauseMs: 2, longestPauseMs: 4 });
  const sender = createSender({
    breaker,
    firstRetryMs: 1,
    longestRetryMs: 2,
    delivery: {
      async deliver(entry, isBeforeBatch) {
        billaged.attempts.push({ entry, isBeforeBatch });
        billaged.underWay += 1;
        billaged.mostUnderWay = Math.max(billaged.mostUnderWay, billaged.underWay);
        await new Promise((resolve) => setTimeout(resolve, 1));
        billaged.underWay -= 1;
        if (billaged.isDown || billaged.failing.has(entry.content.vmId)) {
          return { isSettled: false, retryAfterMs: billaged.retryAfterMs };
        }
        billaged.received.push(entry);
        return { isSettled: true };
      },
    },
    ...options,
  });
  senders.push(sender);
  return { sender, billaged, breaker };
}

const bySequence = (entries: readonly SpoolEntry[]) => entries.map(({ sequence }) => sequence);

test('entries of a VM arrive once and in order, and VMs are sent in parallel', async () => {
  const { sender, billaged } = createTestSender({ concurrency: 3 });
  const entries = Array.from({ length: 60 }, (_, index) => batch(`vm-${index % 6}`));
  for (const entry of entries) sender.add(entry);
  await expect.poll(() => billaged.received.length, patience).toBe(60);
  for (let vm = 0; vm < 6; vm += 1) {
    const ofVm = (list: readonly SpoolEntry[]) => bySequence(list.filter(({ content }) => content.vmId === `vm-${vm}`));
    expect(ofVm(billaged.received)).toEqual(ofVm(entries));
  }
  expect(billaged.mostUnderWay).toBe(3);
});

test('a VM whose entries fail does not hold up the others, and is tried again', async () => {
  const { sender, billaged } = createTestSender();
  billaged.failing.add('bad');
  sender.add(batch('bad'));
  for (let index = 0; index < 20; index += 1) sender.add(batch('good'));
  await expect.poll(() => billaged.received.length, patience).toBe(20);
  billaged.failing.clear();
  await expect.poll(() => billaged.received.at(-1)?.content.vmId, patience).toBe('bad');
});

test('the backoff of a VM doubles up to a limit and is reset by a success', async () => {
  vi.useFakeTimers();
  let isDown = true;
  const begin = Date.now();
  const attemptsAt: number[] = [];
  const { sender } = createTestSender({
    breaker: createBreaker({ failuresToOpen: 100 }),
    firstRetryMs: 100,
    longestRetryMs: 1_000,
    random: () => 1,
    delivery: {
      async deliver() {
        attemptsAt.push(Date.now() - begin);
        return isDown ? { isSettled: false, retryAfterMs: undefined } : { isSettled: true };
      },
    },
  });
  sender.add(batch('a'));
  await vi.advanceTimersByTimeAsync(4_000);
  expect(attemptsAt).toEqual([0, 100, 300, 700, 1_500, 2_500, 3_500]);
  isDown = false;
  await vi.advanceTimersByTimeAsync(500);
  isDown = true;
  sender.add(batch('a'));
  await vi.advanceTimersByTimeAsync(300);
  expect(attemptsAt.slice(7)).toEqual([4_500, 4_500, 4_600, 4_800]);
});

test.for([
  [0, 50],
  [0.5, 75],
  [1, 100],
] as const)('a wait is between half of it and all of it: with %d it is %i ms of 100', async ([jitter, waitMs]) => {
  vi.useFakeTimers();
  let attempts = 0;
  const { sender } = createTestSender({
    firstRetryMs: 100,
    longestRetryMs: 1_000,
    random: () => jitter,
    delivery: {
      async deliver() {
        attempts += 1;
        return attempts > 1 ? { isSettled: true } : { isSettled: false, retryAfterMs: undefined };
      },
    },
  });
  sender.add(batch('a'));
  await vi.advanceTimersByTimeAsync(waitMs - 1);
  expect(attempts).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(attempts).toBe(2);
});

test('an outage opens the breaker, and afterwards everything arrives', async () => {
  const { sender, billaged, breaker } = createTestSender();
  billaged.isDown = true;
  const entries = Array.from({ length: 40 }, (_, index) => (index < 20 ? notice(`vm-${index}`) : batch(`vm-${index}`)));
  for (const entry of entries) sender.add(entry);
  await expect.poll(() => breaker.state, patience).toBe('open');
  await expect.poll(() => billaged.underWay, patience).toBe(0);
  const before = billaged.attempts.length;
  billaged.mostUnderWay = 0;
  await expect.poll(() => billaged.attempts.length, patience).toBeGreaterThan(before + 3);
  expect(billaged.mostUnderWay).toBe(1);
  expect(billaged.attempts.slice(before + 1).map(({ entry }) => entry.content.kind)).not.toContain('stopped');
  billaged.isDown = false;
  await expect.poll(() => billaged.received.length, patience).toBe(40);
  expect(breaker.state).toBe('closed');
});

test('an attempt with a notice knows whether a batch waits behind it', async () => {
  const { sender, billaged } = createTestSender();
  billaged.isDown = true;
  sender.add(notice('a'));
  sender.add(batch('a'));
  sender.add(notice('b'));
  sender.add(notice('b'));
  const flags = () =>
    new Set(billaged.attempts.map(({ entry, isBeforeBatch }) => `${entry.content.vmId} ${isBeforeBatch}`));
  await expect.poll(() => flags().size, patience).toBeGreaterThanOrEqual(2);
  await expect.poll(() => [...flags()].sort(), patience).toEqual(expect.arrayContaining(['a true', 'b false']));
  expect([...flags()]).not.toContain('b true');
});

test('closing delivers what is left, however long a pause was asked for', async () => {
  const { sender, billaged } = createTestSender();
  billaged.isDown = true;
  billaged.retryAfterMs = 60_000;
  sender.add(batch('a'));
  await expect.poll(() => billaged.attempts.length, patience).toBe(1);
  await expect.poll(() => billaged.underWay, patience).toBe(0);
  billaged.isDown = false;
  await sender.close(20_000);
  expect(billaged.received).toHaveLength(1);
});

test('closing gives up after its time, and nothing is tried after that', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { sender, billaged } = createTestSender({ firstRetryMs: 1_000 });
  billaged.isDown = true;
  sender.add(batch('a'));
  const closed = sender.close(20);
  await vi.advanceTimersByTimeAsync(19);
  // The end of its time, and the next attempt.
  expect([billaged.attempts.length, vi.getTimerCount()]).toEqual([1, 2]);
  await vi.advanceTimersByTimeAsync(1);
  await closed;
  expect(billaged.received).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('an attempt that hangs is broken off when closing is over', async () => {
  const { sender } = createTestSender({
    delivery: {
      deliver: (_entry, _isBeforeBatch, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ isSettled: false, retryAfterMs: undefined }));
        }),
    },
  });
  sender.add(batch('a'));
  await sender.close(20);
});

test('closing a sender that has nothing to do ends at once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { sender } = createTestSender();
  await sender.close(3_600_000);
  expect(vi.getTimerCount()).toBe(0);
});
