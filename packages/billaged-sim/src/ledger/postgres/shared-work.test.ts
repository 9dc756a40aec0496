import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { UsageLedger } from '../ledger.ts';
import { openPostgresLedger, type PostgresLedgerOptions } from './postgres-ledger.ts';
import { type PostgresServer, startPostgresServer } from './testing/postgres-server.ts';
import { appendSeconds } from './testing/second-samples.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgresServer({ fsync: false });
});
afterAll(() => server?.close());

let databases = 0;

async function openTwo(options: Partial<PostgresLedgerOptions> = {}): Promise<[UsageLedger, UsageLedger, string]> {
  const url = await server.createDatabase(`shared_${databases++}`);
  const open = async () => {
    const ledger = await openPostgresLedger({ url, ...options });
    onTestFinished(() => ledger.close());
    return ledger;
  };
  return [await open(), await open(), url];
}

async function query(url: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const nothing = async () => undefined;

test('the work of a period is done by one, also when all ask at once', async () => {
  const [first, second] = await openTwo();
  let done = 0;
  for (let period = 1; period <= 10; period++) {
    const work = async () => void done++;
    const ask = () => [first, second].map((ledger) => ledger.oncePerPeriod('summing', period, work));
    const results = await Promise.all([...ask(), ...ask()]);
    expect(results.filter((result) => result === 'done')).toHaveLength(1);
    expect(await Promise.all(ask())).toEqual(['done before', 'done before']);
    expect(done).toBe(period);
  }
  expect(await second.oncePerPeriod('summing', 3, nothing)).toBe('done before');
  expect(await second.oncePerPeriod('another task', 3, nothing)).toBe('done');
});

test('while one is at it the others are told so, however long it takes', async () => {
  const [first, second] = await openTwo({ leaseMs: 1_000 });
  const begun = Promise.withResolvers<void>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const working = first.oncePerPeriod('summing', 1, () => {
    begun.resolve();
    return promise;
  });
  await begun.promise;
  const startedAt = performance.now();
  while (performance.now() - startedAt < 2_500) {
    expect(await second.oncePerPeriod('summing', 1, nothing)).toBe('busy');
    await sleep(50);
  }
  resolve();
  expect(await working).toBe('done');
  expect(await second.oncePerPeriod('summing', 1, nothing)).toBe('done before');
});

test('the work of one that has failed, or was killed, is done by another', async () => {
  const [first, second, url] = await openTwo({ leaseMs: 300 });
  const failing = first.oncePerPeriod('summing', 1, () => Promise.reject(new Error('no room')));
  await expect(failing).rejects.toThrow('no room');
  expect(await second.oncePerPeriod('summing', 1, nothing)).toBe('done');
  // A billaged that was killed is one that holds the task and does not say so again.
  const inFuture = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 300';
  await query(url, `UPDATE shared_work SET holder = 'killed', held_until_ms = ${inFuture}`);
  expect(await second.oncePerPeriod('summing', 2, nothing)).toBe('busy');
  await expect.poll(() => second.oncePerPeriod('summing', 2, nothing), { timeout: 10_000 }).toBe('done');
});

test('a billaged learns which VMs others track, and which hours they have closed', async () => {
  const [first, second] = await openTwo({ refreshMs: 20 });
  await appendSeconds(first, 1, 1);
  await appendSeconds(second, 1, 1, 'ud-2');
  for (const ledger of [first, second]) await expect.poll(() => ledger.activeVms).toBe(2);
  await first.closeBefore(7_200);
  await expect
    .poll(async () => (await appendSeconds(second, 5, 1, `ud-${Math.random()}`)).closed, { timeout: 10_000 })
    .toBe(1);
});

test('two that compact at once, while samples come, change no bill', async () => {
  const [first, second, url] = await openTwo();
  for (let hour = 0; hour < 60; hour++) {
    await Promise.all(
      ['ud-1', 'ud-2', 'ud-3'].map((vmId) => appendSeconds(first, hour * 3_600 + 5, 80 + hour, vmId, `c-${hour % 4}`)),
    );
  }
  const bill = await first.usage({ toSeconds: 58 * 3_600 });
  await Promise.all([
    first.closeBefore(30 * 3_600),
    second.closeBefore(55 * 3_600),
    ...Array.from({ length: 20 }, (_, round) => appendSeconds(second, 59 * 3_600 + 1_000 + round * 5, 10)),
  ]);
  await first.closeBefore(56 * 3_600);
  expect(await second.usage({ toSeconds: 58 * 3_600 })).toEqual(bill);
  expect(await query(url, 'SELECT vm_id FROM runs WHERE hour < 56')).toEqual([]);
  expect(await query(url, 'SELECT count(*) AS totals FROM totals WHERE hour < 56')).toEqual([
    { totals: String(3 * 56) },
  ]);
});

test('totals of ended hours are made meanwhile, and made again when a sample comes late', async () => {
  const [first, second, url] = await openTwo({ totalsMs: 20 });
  for (let hour = 0; hour < 30; hour++) await appendSeconds(first, hour * 3_600, 10);
  const count = async () => await query(url, 'SELECT sum(sample_count) AS samples FROM totals');
  await expect.poll(count, { timeout: 10_000 }).toEqual([{ samples: '290' }]);
  expect(await appendSeconds(second, 5 * 3_600 + 8, 4)).toMatchObject({ accepted: 2, duplicates: 2 });
  expect(await count()).toEqual([{ samples: '292' }]);
  expect((await first.usage({ fromSeconds: 5 * 3_600, toSeconds: 6 * 3_600 })).rows).toMatchObject([
    { sampleCount: 12 },
  ]);
});

test('summaries come page by page, each VM once', async () => {
  const [first] = await openTwo();
  const names = Array.from({ length: 1_203 }, (_, index) => `ud-${String(index).padStart(4, '0')}`);
  await Promise.all(names.map((vmId) => appendSeconds(first, 1, 1, vmId)));
  expect(await Array.fromAsync(first.tracked(), ({ vmId }) => vmId)).toEqual(names);
  expect(first.activeVms).toBe(1_203);
});
