import { startTelemetry } from '@vmobs/telemetry';
import { expect, onTestFinished, test } from 'vitest';
import { metaldDefaults } from '../config.ts';
import { createMetaldMetrics } from '../metrics/metrics.ts';
import type { BatchHeader } from './messages.ts';
import { createNotices } from './notices.ts';
import { createMemorySpool } from './spool/memory-spool.ts';
import type { Spool } from './spool/spool.ts';

const lost = (vmId: string, firstTimestamp: bigint): BatchHeader => ({
  kind: 'batch',
  vmId,
  customerId: 'acme',
  sampleCount: 1,
  firstTimestamp,
  lastTimestamp: firstTimestamp + 9n,
});

/** Notices in a spool in memory, or in one whose `append` the test replaces. */
async function createTestNotices(append?: Spool['append']) {
  const { logger, metrics, close } = await startTelemetry({
    name: 'metald',
    version: '0',
    settings: { ...metaldDefaults, metricsPort: 0 },
    logOutput: { write: () => undefined },
  });
  onTestFinished(async () => void (await close()));
  const spool = createMemorySpool({ limitBytes: 1_000, now: () => 0 });
  const notices = createNotices({
    spool: append === undefined ? spool : { ...spool, append },
    metrics: createMetaldMetrics(metrics),
    logger,
  });
  return { notices, stored: () => [...spool.waiting()].map(({ content }) => content) };
}

test('a gap begins with the first lost batch and is reported once', async () => {
  const { notices, stored } = await createTestNotices();
  notices.openGap(lost('a', 10n));
  notices.openGap(lost('a', 20n));
  expect(notices.closeGap('b', 30n)).toBeUndefined();
  const gap = { kind: 'gap', vmId: 'a', lastSent: 10n, resumeTime: 30n };
  expect(notices.closeGap('a', 30n)).toMatchObject({ content: gap });
  expect(notices.closeGap('a', 40n)).toBeUndefined();
  expect(stored()).toEqual([gap]);
});

test('a second gap begins with the loss that follows the first gap', async () => {
  const { notices, stored } = await createTestNotices();
  notices.openGap(lost('a', 10n));
  notices.closeGap('a', 30n);
  notices.openGap(lost('a', 50n));
  notices.closeGap('a', 60n);
  expect(stored()).toMatchObject([
    { lastSent: 10n, resumeTime: 30n },
    { lastSent: 50n, resumeTime: 60n },
  ]);
});

test('an error that is not a refusal of the spool is thrown', async () => {
  const { notices } = await createTestNotices(() => {
    throw new RangeError('a bug');
  });
  expect(() => notices.store({ kind: 'stopped', vmId: 'a', stopTime: 1n })).toThrow(new RangeError('a bug'));
});
