import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createGroupSync } from './group-sync.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('requests within an interval share one sync', async () => {
  let syncs = 0;
  const groupSync = createGroupSync({
    intervalMs: 100,
    async sync() {
      syncs += 1;
    },
  });
  for (let count = 0; count < 3; count += 1) groupSync.request();
  await vi.advanceTimersByTimeAsync(99);
  expect(syncs).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(syncs).toBe(1);
});

test('the last sync replaces the one that was requested', async () => {
  let syncs = 0;
  const groupSync = createGroupSync({
    intervalMs: 100,
    async sync() {
      syncs += 1;
    },
  });
  groupSync.request();
  await groupSync.finish();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(syncs).toBe(1);
});

test('no sync follows the last one, even if it is requested during that one or later', async () => {
  let syncs = 0;
  const groupSync = createGroupSync({
    intervalMs: 100,
    async sync() {
      syncs += 1;
      groupSync.request();
    },
  });
  await groupSync.finish();
  groupSync.request();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(syncs).toBe(1);
});
