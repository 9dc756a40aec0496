import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { UsageLedger } from '../ledger.ts';
import { appendSeconds } from '../testing/usage-samples.ts';
import { openPostgresLedger, type PostgresLedgerOptions } from './postgres-ledger.ts';
import { type PostgresServer, startPostgresServer } from './testing/postgres-server.ts';

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

/** The time of the database. */
const nowMs = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** Until when the only task is held, Unix milliseconds. */
async function heldUntilMs(url: string): Promise<number> {
  const [row] = await query(url, 'SELECT held_until_ms FROM shared_work');
  return Number(Object(row)['held_until_ms']);
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

test('while one does the work the others get busy, however long it takes', async () => {
  const [first, second, url] = await openTwo({ leaseMs: 3_000 });
  const begun = Promise.withResolvers<void>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const working = first.oncePerPeriod('summing', 1, () => {
    begun.resolve();
    return promise;
  });
  await begun.promise;
  const firstEnd = await heldUntilMs(url);
  // Until the first one holds it beyond the time that it has asked for at first.
  while ((await heldUntilMs(url)) < firstEnd + 3_000) {
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
  const hold = (untilMs: string) =>
    query(url, `UPDATE shared_work SET holder = 'killed', held_until_ms = ${nowMs} + ${untilMs}`);
  await hold('3600000');
  expect(await second.oncePerPeriod('summing', 2, nothing)).toBe('busy');
  await hold('300');
  await expect.poll(() => second.oncePerPeriod('summing', 2, nothing), { timeout: 100_000 }).toBe('done');
});

test('a billaged learns which VMs others track, and which hours they have sealed', async () => {
  const [first, second] = await openTwo({ refreshMs: 20 });
  await appendSeconds(first, 1, 1);
  await appendSeconds(second, 1, 1, 'ud-2');
  for (const ledger of [first, second]) await expect.poll(() => ledger.activeVms).toBe(2);
  await first.sealBefore(7_200);
  await expect
    .poll(async () => (await appendSeconds(second, 5, 1, `ud-${Math.random()}`)).sealed, { timeout: 100_000 })
    .toBe(1);
});

test('two that compact at once while samples arrive change no bill', async () => {
  const [first, second, url] = await openTwo();
  for (let hour = 0; hour < 60; hour++) {
    await Promise.all(
      ['ud-1', 'ud-2', 'ud-3'].map((vmId) => appendSeconds(first, hour * 3_600 + 5, 80 + hour, vmId, `c-${hour % 4}`)),
    );
  }
  const bill = await first.usage({ toSeconds: 58 * 3_600 });
  await Promise.all([
    first.sealBefore(30 * 3_600),
    second.sealBefore(55 * 3_600),
    ...Array.from({ length: 20 }, (_, round) => appendSeconds(second, 59 * 3_600 + 1_000 + round * 5, 10)),
  ]);
  await first.sealBefore(56 * 3_600);
  expect(await second.usage({ toSeconds: 58 * 3_600 })).toEqual(bill);
  expect(await query(url, 'SELECT vm_id FROM runs WHERE hour < 56')).toEqual([]);
  expect(await query(url, 'SELECT count(*) AS rollups FROM totals WHERE hour < 56')).toEqual([
    { rollups: String(3 * 56) },
  ]);
});

test('rollups of ended hours are made in the background, and again for a late sample', async () => {
  const [first, second, url] = await openTwo({ rollupsMs: 20 });
  for (let hour = 0; hour < 30; hour++) await appendSeconds(first, hour * 3_600, 10);
  const count = async () => await query(url, 'SELECT sum(sample_count) AS samples FROM totals');
  await expect.poll(count, { timeout: 100_000 }).toEqual([{ samples: '290' }]);
  expect(await appendSeconds(second, 5 * 3_600 + 8, 4)).toMatchObject({ accepted: 2, duplicates: 2 });
  expect(await count()).toEqual([{ samples: '292' }]);
  expect((await first.usage({ fromSeconds: 5 * 3_600, toSeconds: 6 * 3_600 })).rows).toMatchObject([
    { sampleCount: 12 },
  ]);
});

test('summaries are read page by page, each VM once', async () => {
  const [first] = await openTwo();
  const names = Array.from({ length: 1_203 }, (_, index) => `ud-${String(index).padStart(4, '0')}`);
  await Promise.all(names.map((vmId) => appendSeconds(first, 1, 1, vmId)));
  expect(await Array.fromAsync(first.tracked(), ({ vmId }) => vmId)).toEqual(names);
  expect(first.activeVms).toBe(1_203);
});
