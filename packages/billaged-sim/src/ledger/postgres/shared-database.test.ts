import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { LedgerOpenError, LedgerUnavailableError, type UsageLedger } from '../ledger.ts';
import { appendSeconds } from '../testing/usage-samples.ts';
import { openPostgresLedger, type PostgresLedgerOptions } from './postgres-ledger.ts';
import { type PostgresServer, startPostgresServer } from './testing/postgres-server.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgresServer({ fsync: false });
});
afterAll(() => server?.close());

let databases = 0;
const freshDatabase = () => server.createDatabase(`ledger_${databases++}`);

async function open(options: PostgresLedgerOptions): Promise<UsageLedger> {
  const ledger = await openPostgresLedger(options);
  onTestFinished(() => ledger.close());
  return ledger;
}

/** Several ledgers on one new database. */
async function openSeveral(count: number, options: Partial<PostgresLedgerOptions> = {}): Promise<UsageLedger[]> {
  const url = await freshDatabase();
  return Promise.all(Array.from({ length: count }, () => open({ url, ...options })));
}

/** What billaged itself would not do. */
async function execute(url: string, ...statements: string[]): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  for (const statement of statements) await client.query(statement);
  return client;
}

async function openError(url: string): Promise<string> {
  try {
    await (await openPostgresLedger({ url, connectTimeoutMs: 60_000 })).close();
  } catch (error) {
    if (error instanceof LedgerOpenError) return error.message;
    throw error;
  }
  throw new Error('it was opened');
}

test('billageds that start at once on an empty database make its tables once', async () => {
  for (const count of [4, 4, 4, 12]) {
    const url = await freshDatabase();
    const ledgers = await Promise.all(Array.from({ length: count }, () => open({ url, poolSize: 2 })));
    for (const [index, ledger] of ledgers.entries()) await appendSeconds(ledger, index, 1);
    expect((await ledgers[0]?.usage({}))?.rows).toMatchObject([{ sampleCount: count }]);
    const client = await execute(url);
    const versions = await client.query('SELECT * FROM schema_version');
    expect(versions.rows).toEqual([{ component: 'billaged', version: '1' }]);
    for (const ledger of ledgers) await ledger.close();
  }
});

test('what was in the ledger is there when it is opened again', async () => {
  const url = await freshDatabase();
  const first = await open({ url });
  await appendSeconds(first, 10, 5);
  await appendSeconds(first, 7_200, 100);
  await first.start({ vmId: 'ud-2', customerId: 'globex', startNanos: 5n });
  const [bill, tracked] = [await first.usage({}), await Array.fromAsync(first.tracked())];
  await first.close();
  const again = await open({ url });
  expect(again.activeVms).toBe(2);
  expect(await again.usage({})).toEqual(bill);
  expect(await Array.fromAsync(again.tracked())).toEqual(tracked);
  expect(await appendSeconds(again, 8, 10)).toMatchObject({ accepted: 5, duplicates: 5 });
});

test('a database that cannot be used is reported in one sentence, without the password', async () => {
  const url = await freshDatabase();
  const message = async (change: (place: URL) => void) => {
    const place = new URL(url);
    change(place);
    const said = await openError(place.href);
    expect(said).not.toContain(place.password);
    return said;
  };
  expect(await message((place) => (place.password = 'guessed'))).toMatch(
    /password authentication failed.*DATABASE_URL/,
  );
  expect(await message((place) => (place.pathname = '/nowhere'))).toMatch(/"nowhere" does not exist.*CREATE DATABASE/);
  expect(await message((place) => (place.port = '1'))).toMatch(/ECONNREFUSED.*check that PostgreSQL is running there/);
  expect(await message((place) => (place.hostname = 'nowhere.invalid'))).toMatch(
    /nowhere\.invalid.*check that PostgreSQL is running there/,
  );
  expect(await openError('mysql://billing:secret@localhost/bills')).toMatch(/not a PostgreSQL URL; set/);
  expect(await openError('secret')).not.toContain('secret');
});

test('tables of a newer version, and tables of something else, are refused', async () => {
  const newer = await freshDatabase();
  await (await open({ url: newer })).close();
  await execute(newer, 'UPDATE schema_version SET version = 99');
  expect(await openError(newer)).toMatch(/version 99, written by a newer billaged, and this one supports \d+; start/);
  const other = await freshDatabase();
  await execute(other, 'CREATE TABLE schema_version (installed_rank int)');
  expect(await openError(other)).toContain('give the ledger a database of its own');
});

test('the same batches, sent to four billageds at once, are billed once', async () => {
  const ledgers = await openSeveral(4);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, round) =>
      ledgers.map((ledger, index) => appendSeconds(ledger, round * 90 + index, 100, `ud-${round % 3}`)),
    ).flat(),
  );
  const accepted = answers.reduce((sum, answer) => sum + answer.accepted, 0);
  const { rows } = (await ledgers[0]?.usage({})) ?? { rows: [] };
  const billed = rows.reduce((sum, row) => sum + row.sampleCount, 0);
  const distinct = new Set(
    Array.from({ length: 80 }, (_, at) => {
      const [round, index] = [Math.floor(at / 4), at % 4];
      return Array.from({ length: 100 }, (_, sample) => `${round % 3} ${round * 90 + index + sample}`);
    }).flat(),
  );
  expect(accepted).toBe(billed);
  expect(accepted + answers.reduce((sum, answer) => sum + answer.duplicates, 0)).toBe(80 * 100);
  expect(billed).toBeLessThanOrEqual(distinct.size);
  // Every counter has risen by one a second since the first sample, so the bill is what the last one has, times three.
  for (const row of rows) expect(row.growth.cpuNanos).toBe(row.lastNanos / 1_000_000_000n);
  const tracked = await Array.fromAsync(ledgers[1]?.tracked() ?? []);
  expect(tracked.map(({ growth, sampleCount }) => ({ growth, sampleCount }))).toEqual(
    rows.map(({ growth, sampleCount }) => ({ growth, sampleCount })),
  );
});

test('billageds that write the same VMs in different orders do not deadlock', async () => {
  const ledgers = await openSeveral(2);
  const vms = Array.from({ length: 40 }, (_, index) => `ud-${index}`);
  const appended = await Promise.all(
    ledgers.flatMap((ledger, index) =>
      Array.from({ length: 5 }, (_, round) =>
        (index === 0 ? vms : vms.toReversed()).map((vmId) => appendSeconds(ledger, round * 10, 10, vmId)),
      ).flat(),
    ),
  );
  expect(appended.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(40 * 50);
});

test('a ledger without its database is unavailable, and recovers when it is back', async () => {
  const url = await freshDatabase();
  const ledger = await open({ url, connectTimeoutMs: 60_000 });
  await appendSeconds(ledger, 1, 3);
  await server.stop();
  await expect(appendSeconds(ledger, 4, 3)).rejects.toThrow(LedgerUnavailableError);
  await expect(ledger.usage({})).rejects.toThrow(LedgerUnavailableError);
  await expect(ledger.check()).rejects.toThrow(LedgerUnavailableError);
  await expect(Array.fromAsync(ledger.tracked())).rejects.toThrow(LedgerUnavailableError);
  expect(ledger.activeVms).toBe(1);
  await server.start();
  await ledger.check();
  expect(await appendSeconds(ledger, 1, 6)).toMatchObject({ accepted: 3, duplicates: 3 });
});

test('a connection that is cut within a request fails it, and the next one has another', async () => {
  const url = await freshDatabase();
  const ledger = await open({ url });
  await appendSeconds(ledger, 1, 1);
  const other = await execute(url, 'BEGIN', `SELECT * FROM vms FOR UPDATE`);
  const waiting = appendSeconds(ledger, 2, 1);
  const isWaiting = `SELECT pid FROM pg_stat_activity WHERE application_name = 'billaged' AND wait_event_type = 'Lock'`;
  await expect.poll(async () => (await other.query(isWaiting)).rowCount).toBe(1);
  // Whoever waits may hear of it before the one that cuts it off does.
  const refused = expect(waiting).rejects.toThrow(LedgerUnavailableError);
  await other.query(`SELECT pg_terminate_backend(pid) FROM (${isWaiting}) AS waiting`);
  await refused;
  await other.query('COMMIT');
  expect(await appendSeconds(ledger, 2, 1)).toMatchObject({ accepted: 1 });
});

test('a VM that another one keeps locked is refused for now, and others go on', async () => {
  const url = await freshDatabase();
  const ledger = await open({ url, lockTimeoutMs: 50 });
  await appendSeconds(ledger, 1, 1);
  const other = await execute(url, 'BEGIN', `SELECT * FROM vms FOR UPDATE`);
  await expect(appendSeconds(ledger, 2, 1)).rejects.toThrow(/is unavailable: .*lock timeout/);
  expect(await appendSeconds(ledger, 1, 1, 'ud-2')).toMatchObject({ accepted: 1 });
  await other.query('ROLLBACK');
  expect(await appendSeconds(ledger, 2, 1)).toMatchObject({ accepted: 1 });
});

test('names of any kind come back as they were, in the order of their bytes', async () => {
  const [ledger] = await openSeveral(1);
  if (ledger === undefined) throw new Error('no ledger');
  const names = ['{"a",b}', 'NULL', 'back\\slash', "it's", 'Zebra', 'zebra', 'ähre', '€', 'a b', '😀'];
  for (const name of names) await appendSeconds(ledger, 1, 2, name, name);
  const { rows } = await ledger.usage({});
  const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(rows.map(({ vmId, customerId }) => [vmId, customerId])).toEqual(byBytes.map((name) => [name, name]));
  for (const customerId of names) expect((await ledger.usage({ customerId })).rows).toHaveLength(1);
});

test('a value that the database refuses fails alone', async () => {
  const [ledger] = await openSeveral(1);
  if (ledger === undefined) throw new Error('no ledger');
  const [bad, good] = await Promise.allSettled([
    appendSeconds(ledger, 1, 1, 'nul \0'),
    appendSeconds(ledger, 1, 1, 'ud-1'),
  ]);
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: '22021' } });
  expect(good).toMatchObject({ status: 'fulfilled', value: { accepted: 1 } });
});

test('closing a ledger waits for what was appended, and then it refuses everything', async () => {
  const url = await freshDatabase();
  const ledger = await open({ url });
  const appended = appendSeconds(ledger, 1, 7);
  await ledger.close();
  expect(await appended).toMatchObject({ accepted: 7 });
  await expect(appendSeconds(ledger, 9, 1)).rejects.toThrow('the ledger is closed');
  await expect(ledger.usage({})).rejects.toThrow(LedgerUnavailableError);
  expect((await (await open({ url })).usage({})).rows).toMatchObject([{ sampleCount: 7 }]);
});
