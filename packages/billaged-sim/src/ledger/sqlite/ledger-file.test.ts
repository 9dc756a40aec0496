import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { zeroCounters } from '../counters.ts';
import { LedgerOpenError, LedgerUnavailableError, type UsageLedger } from '../ledger.ts';
import { columnsOf } from '../testing/usage-samples.ts';
import { openSqliteLedger, type SqliteLedgerOptions } from './sqlite-ledger.ts';

const second = 1_000_000_000n;

/** The path of a file that does not exist, in a folder that is removed when the test has run. */
function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'below', 'billaged.db');
}

function open(path: string, options: Omit<SqliteLedgerOptions, 'path'> = {}): UsageLedger {
  const ledger = openSqliteLedger({ path, ...options });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** Appends samples of one VM, one second apart, each with one more nanosecond of CPU time. */
function appendSeconds(ledger: UsageLedger, from: number, count: number, vmId = 'ud-1') {
  return appendAt(
    ledger,
    vmId,
    Array.from({ length: count }, (_, index) => from + index),
  );
}

/** Appends samples of one VM at some seconds. */
function appendAt(ledger: UsageLedger, vmId: string, seconds: readonly number[]) {
  const samples = seconds.map((at) => ({
    timeNanos: BigInt(at) * second,
    memoryBytes: 1n,
    counters: { ...zeroCounters, cpuNanos: BigInt(at) },
  }));
  return ledger.append({ vmId, customerId: 'acme', samples: columnsOf(samples) });
}

async function openError(path: string): Promise<string> {
  try {
    await openSqliteLedger({ path }).close();
  } catch (error) {
    if (error instanceof LedgerOpenError) return error.message;
    throw error;
  }
  throw new Error('it was opened');
}

test('a reopened ledger has all its data and still recognizes late samples', async () => {
  const path = freshPath();
  const first = open(path);
  await appendSeconds(first, 10, 5);
  await appendSeconds(first, 7_200, 100);
  await first.start({ vmId: 'ud-2', customerId: 'globex', startNanos: 5n });
  await first.gap({ vmId: 'ud-2', lastSentNanos: 5n, resumeNanos: 9n });
  await appendSeconds(first, 50, 1, 'ud-3');
  await first.stop({ vmId: 'ud-3', stopNanos: 60n * second });
  const bill = await first.usage({});
  const tracked = await Array.fromAsync(first.tracked());
  await first.close();

  const again = open(path);
  expect(again.activeVms).toBe(2);
  expect(await again.stop({ vmId: 'ud-3', stopNanos: 61n * second })).toBeUndefined();
  expect(await again.usage({})).toEqual(bill);
  expect(await Array.fromAsync(again.tracked())).toEqual(tracked);
  expect(await appendSeconds(again, 8, 10)).toMatchObject({ accepted: 5, duplicates: 5 });
  expect(await appendSeconds(again, 55, 1, 'ud-3')).toMatchObject({ accepted: 1 });
  expect(again.activeVms).toBe(2);
});

test('a VM of which only rollups are left is as it was when the ledger is opened again', async () => {
  const path = freshPath();
  const first = open(path);
  await appendSeconds(first, 10, 5);
  await first.sealBefore(7_200);
  const bill = await first.usage({});
  await first.close();

  const again = open(path);
  expect(await again.usage({})).toEqual(bill);
  expect(bill.rows).toMatchObject([{ sampleCount: 5, growth: { cpuNanos: 14n } }]);
  expect(await Array.fromAsync(again.tracked(14n * second), ({ vmId }) => vmId)).toEqual(['ud-1']);
  expect(await Array.fromAsync(again.tracked(14n * second + 1n))).toEqual([]);
});

test('a second ledger on the same file is refused until the first is closed', async () => {
  const path = freshPath();
  const first = open(path);
  await appendSeconds(first, 1, 1);
  expect(await openError(path)).toBe(
    `the ledger ${path} is in use by another process, probably another billaged; end that one, or choose another file with --database`,
  );
  expect(await appendSeconds(first, 2, 1)).toMatchObject({ accepted: 1 });
  await first.close();
  expect((await open(path).usage({})).rows).toMatchObject([{ sampleCount: 2 }]);
});

test('a file that is no ledger, or damaged, is refused and left as it is', async () => {
  const noLedger = freshPath();
  await open(noLedger).close();
  writeFileSync(noLedger, 'To whom it may concern. '.repeat(1_000));
  expect(await openError(noLedger)).toContain('is damaged or not a ledger');
  expect(readFileSync(noLedger, 'utf8')).toMatch(/^To whom/);

  const damaged = freshPath();
  const ledger = open(damaged);
  for (let at = 0; at < 300; at++) await appendSeconds(ledger, at * 10, 5, `ud-${at}`);
  await ledger.close();
  const bytes = readFileSync(damaged);
  bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 8_192);
  writeFileSync(damaged, bytes);
  expect(await openError(damaged)).toContain('is damaged');
});

test('a ledger of a newer version is refused', async () => {
  const path = freshPath();
  await open(path).close();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  expect(await openError(path)).toMatch(/written by a newer billaged \(tables of version 99, this one supports \d+\)/);
});

test('a negative version is refused', async () => {
  for (const version of [-1, -(2 ** 31)]) {
    const path = freshPath();
    await open(path).close();
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA user_version = ${version}`);
    db.close();
    expect(await openError(path)).toMatch(
      /is an SQLite database, but no ledger \(.*user_version -\d+\); choose another/,
    );
  }
});

test.for([
  'CREATE TABLE songs (name TEXT)',
  'CREATE TABLE vms (id INTEGER); PRAGMA user_version = 1',
  'PRAGMA application_id = 252006675; PRAGMA user_version = 1',
  'PRAGMA user_version = 7',
  'PRAGMA journal_mode = WAL; CREATE TABLE songs (name TEXT)',
])('the database of another program is refused and stays as it is: %s', async (sql) => {
  const path = freshPath();
  mkdirSync(dirname(path));
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
  const before = readFileSync(path);
  expect(await openError(path)).toMatch(
    /is an SQLite database, but no ledger .*; choose another file with --database$/,
  );
  expect(readFileSync(path)).toEqual(before);
});

test('a ledger of before there was an id gets one', async () => {
  const path = freshPath();
  await open(path).close();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA application_id = 0');
  db.close();
  rmSync(`${path}-sums`);
  await open(path).close();
  expect(readFileSync(path).subarray(68, 72).toString()).toBe('bill');
});

test('only its owner can read the file and its log, also those of an earlier version', async () => {
  const path = freshPath();
  const ledger = open(path);
  await appendSeconds(ledger, 1, 5);
  const modes = () => readdirSync(dirname(path)).map((name) => statSync(join(dirname(path), name)).mode & 0o777);
  expect(modes()).toEqual(modes().map(() => 0o600));
  expect(modes().length).toBeGreaterThan(1);
  await ledger.close();
  chmodSync(path, 0o644);
  await appendSeconds(open(path), 6, 5);
  expect(modes()).toEqual(modes().map(() => 0o600));
});

test.for(['', '  ', 'file:x?mode=memory', 'file::memory:?cache=shared', ':memory:?', 'a\0b'])(
  'the path %j, which would be no file of that name, is refused',
  async (path) => {
    expect(await openError(path)).toMatch(
      /^the ledger ".*" cannot be opened: allowed is a path or ":memory:", not empty/,
    );
  },
);

test.runIf(process.platform === 'linux')('a folder that the system does not make is refused', async () => {
  expect(await openError('/proc/x/billaged.db')).toMatch(/^the ledger \/proc\/x\/billaged\.db cannot be opened: /);
});

test('a file in a place that cannot be written is refused', async () => {
  const file = freshPath();
  await open(file).close();
  expect(await openError(join(file, 'billaged.db'))).toMatch(/cannot be opened: .*; make its folder writable/);
});

test('on a full disk nothing is lost: batches are refused until there is room', async () => {
  const path = freshPath();
  const small = open(path, { maxBytes: 200_000 });
  let accepted = 0;
  let refused: unknown;
  for (let at = 0; refused === undefined; at++) {
    try {
      // Several at once, some of a new VM: they fail together.
      const batches = [appendSeconds(small, at * 100, 50), appendSeconds(small, at * 100, 50, `ud-new-${at}`)];
      const settled = await Promise.allSettled(batches);
      refused = settled.find((batch) => batch.status === 'rejected')?.reason;
      accepted += settled.reduce((sum, batch) => sum + (batch.status === 'fulfilled' ? batch.value.accepted : 0), 0);
    } catch (error) {
      refused = error;
    }
  }
  expect(refused).toBeInstanceOf(LedgerUnavailableError);
  expect(String(refused)).toContain('full');
  const countOf = async (ledger: UsageLedger) =>
    (await ledger.usage({})).rows.reduce((sum, row) => sum + row.sampleCount, 0);
  // What is there can be read, and the VMs that were refused are not tracked.
  expect(await countOf(small)).toBe(accepted);
  const { activeVms } = small;
  expect(await Array.fromAsync(small.tracked())).toHaveLength(activeVms);
  await small.close();

  const larger = open(path);
  expect(await countOf(larger)).toBe(accepted);
  expect(larger.activeVms).toBe(activeVms);
  await larger.check();
  await appendSeconds(larger, 1_000_000, 50);
  expect(await countOf(larger)).toBe(accepted + 50);
});

test('a ledger recovers by itself when there is room again', async () => {
  const ledger = open(freshPath(), { maxBytes: 150_000 });
  let at = 0;
  await expect(
    (async () => {
      for (;;) await appendSeconds(ledger, at++ * 100, 50);
    })(),
  ).rejects.toThrow(LedgerUnavailableError);
  const before = await ledger.usage({});
  // Compaction removes old segments, which frees space.
  await ledger.sealBefore(at * 100 - 3_700);
  expect(await ledger.usage({})).toEqual(before);
  expect(await appendSeconds(ledger, at * 100, 50)).toMatchObject({ accepted: 50 });
});

test('a commit is reported once, however many batches share it', async () => {
  const waits: number[] = [];
  const ledger = open(freshPath(), { onCommit: (seconds) => waits.push(seconds) });
  await Promise.all([appendSeconds(ledger, 1, 5, 'ud-1'), appendSeconds(ledger, 1, 5, 'ud-2'), ledger.check()]);
  expect(waits).toEqual([expect.toSatisfy((seconds: number) => seconds > 0)]);
  await appendSeconds(ledger, 6, 1);
  expect(waits).toHaveLength(2);
});

test('a failed commit is not reported, and failed rollups are', async () => {
  let commits = 0;
  const failures: unknown[] = [];
  const ledger = open(freshPath(), {
    maxBytes: 200_000,
    onCommit: () => void commits++,
    onCompactionFailed: (error) => failures.push(error),
  });
  const hours = Array.from({ length: 40 }, (_, hour) => hour * 3_600);
  let batches = 0;
  let refused: unknown;
  // Each of a new VM with a second in each of 40 hours, which is far more rollups than fit besides.
  while (refused === undefined) {
    const before = commits;
    try {
      await appendAt(ledger, `ud-${batches}`, hours);
      batches += 1;
    } catch (error) {
      refused = error;
    }
    expect(commits > before).toBe(refused === undefined);
  }
  expect(refused).toBeInstanceOf(LedgerUnavailableError);
  // Reading requests the missing rollups.
  expect((await ledger.usage({})).rows).toHaveLength(batches);
  await expect.poll(() => failures, { timeout: 100_000 }).not.toEqual([]);
  expect(failures[0]).toBeInstanceOf(LedgerUnavailableError);
});

test('its disk usage is that of its file and its log, and free space that of its disk', async () => {
  const path = freshPath();
  const ledger = open(path);
  const empty = ledger.disk?.usedBytes ?? Number.NaN;
  for (let at = 0; at < 50; at++) await appendSeconds(ledger, at * 100, 50);
  expect(existsSync(`${path}-wal`)).toBe(true);
  expect(ledger.disk?.usedBytes).toBe(statSync(path).size + statSync(`${path}-wal`).size);
  expect(ledger.disk?.usedBytes).toBeGreaterThan(empty);
  const { blocks, bsize } = statfsSync(path);
  expect(ledger.disk?.freeBytes).toBeGreaterThan(bsize);
  expect(ledger.disk?.freeBytes).toBeLessThan(blocks * bsize);
  // Free space is a number of whole blocks.
  expect((ledger.disk?.freeBytes ?? Number.NaN) % bsize).toBe(0);
  await ledger.close();
  expect(ledger.disk?.usedBytes).toBe(statSync(path).size);
});

test('a ledger in memory grows, and has no disk', async () => {
  const ledger = open(':memory:');
  const empty = ledger.disk?.usedBytes ?? Number.NaN;
  for (let at = 0; at < 50; at++) await appendSeconds(ledger, at * 100, 50);
  expect(ledger.disk?.usedBytes).toBeGreaterThan(empty);
  expect(ledger.disk?.freeBytes).toBeUndefined();
});

test('a closed ledger refuses everything', async () => {
  const ledger = open(freshPath());
  await ledger.close();
  await expect(appendSeconds(ledger, 1, 1)).rejects.toThrow('the ledger is closed');
  await expect(ledger.usage({})).rejects.toThrow(LedgerUnavailableError);
  await expect(ledger.check()).rejects.toThrow(LedgerUnavailableError);
});

test('closing waits for what was appended before', async () => {
  const path = freshPath();
  const ledger = open(path);
  const appended = appendSeconds(ledger, 1, 7);
  await ledger.close();
  expect(await appended).toMatchObject({ accepted: 7 });
  expect((await open(path).usage({})).rows).toMatchObject([{ sampleCount: 7 }]);
});
