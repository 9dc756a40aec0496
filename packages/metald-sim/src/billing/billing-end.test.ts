import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { nowNanos, patience, startTestBilling } from '../testing/start-test-billing.ts';
import type { EntryContent, SpoolEntry } from './spool/entry.ts';

const gap = (vmId: string, lastSent: bigint, resumeTime: bigint) => ({ kind: 'gap', vmId, lastSent, resumeTime });

const left: SpoolEntry = {
  sequence: 1,
  storedAtMs: 1,
  content: { kind: 'stopped', vmId: 'ud-left', stopTime: 5n },
  trace: {},
};
const liveVms = [{ vmId: 'ud-old', customerId: 'acme', lastTimestamp: 7n }];
const resumed = 'billing resumes from the spool';

test('entries of an earlier process come first, and its live VMs get a gap and a stop', async () => {
  const crashed = await startTestBilling({ recovery: { entries: [left], liveVms, endedInOrder: false, tornBytes: 3 } });
  await crashed.billing.close();
  expect(crashed.heard).toEqual(
    expect.arrayContaining([
      left.content,
      gap('ud-old', 7n, nowNanos),
      { kind: 'stopped', vmId: 'ud-old', stopTime: 7n },
    ]),
  );
  expect(crashed.linesOf(resumed)).toMatchObject([
    { batches: 0, samples: 0, vms: 1, ended_in_order: false, torn_bytes: 3, corruptions: 0 },
  ]);
  const ended = await startTestBilling({ recovery: { liveVms } });
  await ended.billing.close();
  expect(ended.heard.slice(1)).toEqual([{ kind: 'stopped', vmId: 'ud-old', stopTime: 7n }]);
});

test.for([
  ['nothing', {}, 0],
  ['an entry', { entries: [left] }, 1],
  ['a VM', { liveVms }, 1],
  ['damage', { corruptions: 1 }, 1],
  ['a torn write', { tornBytes: 1 }, 1],
] as const)('that there was something to go on with is a line: %s', async ([_what, recovery, count]) => {
  const { billing, linesOf, page } = await startTestBilling({ recovery });
  expect(linesOf(resumed)).toHaveLength(count);
  const damaged = 'corruptions' in recovery ? 1 : 0;
  expect(linesOf('the spool is corrupt: batches are lost')).toHaveLength(damaged);
  if (damaged > 0) {
    expect(linesOf('the spool is corrupt: batches are lost')).toMatchObject([
      { level: 'error', operation: 'recover_spool', corruptions: 1, error: expect.stringContaining('checksums') },
    ]);
    expect(await page()).toContain('metald_errors_total{component="billing"} 1');
  }
  await billing.close();
});

test.for([
  [true, 0, 1],
  [false, 1, 0],
] as const)('what is left at the end waits in a durable spool (%s), or is lost', async ([isDurable, lost, waiting]) => {
  const answer = async () => {
    throw new ConnectError('down', Code.Unavailable);
  };
  const { billing, clock, adopt, linesOf, closed, page } = await startTestBilling({ isDurable, answer });
  adopt();
  clock.now += 100;
  await expect.poll(page, patience).toContain('metald_billing_metrics_collected_total 1');
  await billing.close();
  expect(linesOf('billing stopped')).toMatchObject([
    { level: 'info', metrics_collected: 1, metrics_dropped: lost, metrics_left_in_spool: waiting },
  ]);
  expect(linesOf('billing batch dropped').map(({ reason }) => reason)).toEqual(isDurable ? [] : ['shutdown']);
  expect(closed).toEqual(['client', 'spool']);
});

test('with billaged down and a durable spool, nobody waits at the end', async () => {
  let calls = 0;
  const answer = () => {
    calls += 1;
    return Promise.reject(new ConnectError('down', Code.Unavailable));
  };
  const { billing, adopt } = await startTestBilling({ isDurable: true, answer });
  for (let count = 0; count < 10; count += 1) billing.vmStarted(adopt());
  await expect.poll(() => billing.breakerState, patience).toBe('open');
  const before = calls;
  await billing.close();
  // One that decides whether billaged is back, and perhaps one that was due. In three seconds there would be four.
  expect(calls - before).toBeLessThan(3);
});

test('a gap that an earlier process could not tell of is told before the stop of its VM', async () => {
  const untold = { kind: 'gap', vmId: 'ud-old', lastSent: 3n, resumeTime: 6n } as const;
  const { billing, heard, linesOf } = await startTestBilling({ recovery: { liveVms, gaps: [untold] } });
  await billing.close();
  expect(heard.slice(-2)).toEqual([untold, { kind: 'stopped', vmId: 'ud-old', stopTime: 7n }]);
  expect(linesOf(resumed)).toHaveLength(1);
});

test.for([
  ['only batches have no room: it is told', 'batch', 1, 0],
  ['nothing has room: it is kept for the next start', 'all', 0, 1],
] as const)('the end of a VM whose last batch is lost is a gap, and %s', async ([, refused, told, keptGaps]) => {
  const refuse = ({ kind }: EntryContent) => (refused === 'all' || kind === 'batch' ? 'spool_full' : undefined);
  const { billing, clock, adopt, stored, kept, page } = await startTestBilling({ isDurable: true, refuse });
  const { id: vmId } = adopt();
  clock.now += 100;
  await expect.poll(page, patience).toContain('metald_billing_metrics_collected_total 1');
  billing.stop();
  clock.now += 100;
  await billing.close();
  const gapOf = (ms: number) => gap(vmId, nowNanos + 100_000_000n, nowNanos + BigInt(ms) * 1_000_000n);
  expect(stored.filter(({ content }) => content.kind === 'gap').map(({ content }) => content)).toEqual(
    told === 1 ? [gapOf(100)] : [],
  );
  expect(kept).toEqual(keptGaps === 1 ? [gapOf(100)] : []);
});
