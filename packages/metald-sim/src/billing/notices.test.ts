import { startTelemetry } from '@vmobs/telemetry';
import { expect, onTestFinished, test } from 'vitest';
import { metaldDefaults } from '../config.ts';
import { createMetaldMetrics } from '../metrics/metrics.ts';
import type { BatchHeader } from './messages.ts';
import { createNotices } from './notices.ts';
import { createMemorySpool } from './spool/memory-spool.ts';
import type { Spool } from './spool/spool.ts';
import { SpoolRefusedError } from './spool/spool-error.ts';

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
  const lines: Record<string, unknown>[] = [];
  const { logger, metrics, close } = await startTelemetry({
    name: 'metald',
    version: '0',
    settings: { ...metaldDefaults, metricsPort: 0 },
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  onTestFinished(async () => void (await close()));
  const spool = createMemorySpool({ limitBytes: 1_000, now: () => 0 });
  const notices = createNotices({
    spool: append === undefined ? spool : { ...spool, append },
    metrics: createMetaldMetrics(metrics),
    logger,
  });
  return { notices, spool, lines, stored: () => [...spool.waiting()].map(({ content }) => content) };
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

/** Notices in a spool that has room when the test says so. */
async function createNarrowNotices() {
  const room = { isThere: false };
  const append: Spool['append'] = (content, trace, body) => {
    if (!room.isThere) throw new SpoolRefusedError('spool_full', 'no room');
    return inMemory.append(content, trace, body);
  };
  const { notices, spool: inMemory, lines, stored } = await createTestNotices(append);
  const messages = () => lines.map(({ msg }) => msg);
  return { notices, stored, messages, room };
}

test('a gap whose notice has no room is told later with its own times, and logged once', async () => {
  const { notices, stored, messages, room } = await createNarrowNotices();
  notices.openGap(lost('a', 10n));
  expect(notices.closeGap('a', 30n)).toBeUndefined();
  expect(notices.closeGap('a', 40n)).toBeUndefined();
  expect(notices.closeGap('a', 50n)).toBeUndefined();
  expect(messages()).toEqual(['billing notice is kept until there is room']);
  room.isThere = true;
  const gap = { kind: 'gap', vmId: 'a', lastSent: 10n, resumeTime: 30n };
  expect(notices.closeGap('a', 60n)).toMatchObject({ content: gap });
  expect(notices.closeGap('a', 70n)).toBeUndefined();
  expect(stored()).toEqual([gap]);
});

test('samples that are lost before there is room make one longer gap', async () => {
  const { notices, stored, room } = await createNarrowNotices();
  notices.openGap(lost('a', 10n));
  notices.closeGap('a', 30n);
  notices.openGap(lost('a', 50n));
  room.isThere = true;
  notices.closeGap('a', 60n);
  expect(stored()).toEqual([{ kind: 'gap', vmId: 'a', lastSent: 10n, resumeTime: 60n }]);
});

test('the gap of a time without samples is kept without room, too', async () => {
  const { notices, stored, room } = await createNarrowNotices();
  const gap = { kind: 'gap', vmId: 'a', lastSent: 10n, resumeTime: 20n } as const;
  expect(notices.storeGap(gap)).toBeUndefined();
  expect(notices.storeGap({ ...gap, lastSent: 30n, resumeTime: 40n })).toBeUndefined();
  room.isThere = true;
  notices.closeGap('a', 60n);
  expect(stored()).toEqual([{ ...gap, resumeTime: 40n }]);
  notices.openGap(lost('a', 70n));
  expect(notices.storeGap({ ...gap, lastSent: 80n, resumeTime: 90n })).toBeUndefined();
  notices.closeGap('a', 100n);
  expect(stored().at(-1)).toEqual({ ...gap, lastSent: 70n, resumeTime: 100n });
});

test('a gap is forgotten when its VM stops, which is logged if it was not told', async () => {
  const { notices, stored, messages, room } = await createNarrowNotices();
  notices.openGap(lost('a', 10n));
  notices.closeGap('a', 30n);
  notices.forgetGap('a');
  notices.forgetGap('b');
  expect(messages()).toEqual(['billing notice is kept until there is room', 'billing notice dropped']);
  room.isThere = true;
  expect(notices.closeGap('a', 40n)).toBeUndefined();
  expect(stored()).toEqual([]);
  expect(notices.gaps(50n)).toEqual([]);
});

test('gaps that are not told are listed, open ones until the time that is asked for', async () => {
  const { notices } = await createNarrowNotices();
  notices.openGap(lost('a', 10n));
  notices.closeGap('a', 30n);
  notices.openGap(lost('b', 20n));
  expect(notices.gaps(50n)).toEqual([
    { kind: 'gap', vmId: 'a', lastSent: 10n, resumeTime: 30n },
    { kind: 'gap', vmId: 'b', lastSent: 20n, resumeTime: 50n },
  ]);
});
