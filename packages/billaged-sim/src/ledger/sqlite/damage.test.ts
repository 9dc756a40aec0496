import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { LedgerOpenError, type PeriodUsage, type UsageLedger } from '../ledger.ts';
import { appendSeconds } from '../testing/usage-samples.ts';
import { openSqliteLedger, type SqliteLedgerOptions } from './sqlite-ledger.ts';

/** Rounds of changed bits, and the seed of their places: the same seed gives the same places. */
const numRuns = Number(process.env['LEDGER_DAMAGE_ROUNDS'] ?? 60);
const seed = Number(process.env['LEDGER_DAMAGE_SEED'] ?? 1);

const endings = ['', '-wal', '-sums'] as const;

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-damage-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A ledger whose data is in its file and in its log, which is open until the test ends. */
async function openFilled(options: Partial<SqliteLedgerOptions> = {}) {
  const path = join(createFolder(), 'billaged.db');
  const ledger = openSqliteLedger({ path, ...options });
  onTestFinished(() => ledger.close());
  for (let vm = 0; vm < 30; vm++) await appendSeconds(ledger, vm, 70, `ud-${vm}`, `customer-${vm % 7}`);
  await ledger.backUp?.(join(createFolder(), 'checkpoint'));
  for (let vm = 20; vm < 40; vm++) await appendSeconds(ledger, 200, 20, `ud-${vm}`, `customer-${vm % 7}`);
  return { path, ledger };
}

async function billOf(ledger: UsageLedger): Promise<readonly PeriodUsage[]> {
  return (await ledger.usage({})).rows;
}

/** Copies the files as `kill -9` leaves them. */
function copyKilled(path: string): string {
  const copy = join(createFolder(), 'billaged.db');
  for (const ending of endings) copyFileSync(path + ending, copy + ending);
  return copy;
}

/** Opens a ledger and reads its bill, or the reason why it cannot be opened; and what a person is told. */
async function judge(path: string) {
  const findings: string[] = [];
  try {
    const ledger = openSqliteLedger({ path, onFinding: (finding) => findings.push(finding) });
    try {
      return { bill: await billOf(ledger), refusal: undefined, findings };
    } finally {
      await ledger.close();
    }
  } catch (error) {
    if (!(error instanceof LedgerOpenError)) throw error;
    return { bill: undefined, refusal: error.message, findings };
  }
}

test('a ledger that was killed, and one that was closed, have their bill without a finding', async () => {
  const { path, ledger } = await openFilled();
  const bill = await billOf(ledger);
  const copy = copyKilled(path);
  for (let start = 1; start <= 2; start++)
    expect(await judge(copy)).toEqual({ bill, refusal: undefined, findings: [] });
});

test('one to three changed bits anywhere in the files never change a bill without a word', async () => {
  const { path, ledger } = await openFilled();
  const bill = await billOf(ledger);
  const files = endings.map((ending) => ({ ending, bytes: readFileSync(path + ending) }));
  const bits = 8 * files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const copy = join(createFolder(), 'billaged.db');
  let noticed = 0;
  const places = fc.uniqueArray(fc.nat({ max: bits - 1 }), { minLength: 1, maxLength: 3 });
  const property = fc.asyncProperty(places, async (changes) => {
    for (const { ending, bytes } of files) writeFileSync(copy + ending, bytes);
    for (const change of changes) flipBit(files, copy, change);
    const judged = await judge(copy);
    if (judged.refusal !== undefined || judged.findings.length > 0) noticed += 1;
    else expect(judged.bill).toEqual(bill);
  });
  await fc.assert(property, { numRuns, seed });
  expect(noticed).toBeGreaterThan(numRuns / 2);
});

/** Changes a bit of the files, which are counted as one after the other. */
function flipBit(files: readonly { ending: string; bytes: Buffer }[], path: string, change: number): void {
  let bit = change;
  for (const { ending, bytes } of files) {
    if (bit < 8 * bytes.length) {
      const content = readFileSync(path + ending);
      const at = Math.floor(bit / 8);
      content.writeUInt8(content.readUInt8(at) ^ (1 << (bit % 8)), at);
      writeFileSync(path + ending, content);
      return;
    }
    bit -= 8 * bytes.length;
  }
}

test.for([
  ['without its log', (path: string) => rmSync(`${path}-wal`), /its log .*-wal is missing/],
  ['with an empty log', (path: string) => truncateSync(`${path}-wal`), /its log .*-wal is missing/],
  ['with the beginning of its log only', (path: string) => truncateSync(`${path}-wal`, 20), /its log .* wrong bytes/],
  ['without its log and its checksums, as `cp FILE` leaves it', copyOfFileAlone, /its checksums .* are missing/],
  ['without its checksums', (path: string) => rmSync(`${path}-sums`), /its checksums .* are missing/],
  ['with a part of its checksums', (path: string) => truncateSync(`${path}-sums`, 12), /its pages \d+.* do not have/],
  ['without its end', (path: string) => truncateSync(path, statSync(path).size - 4_096), /its pages \d+ do not have/],
] as const)('a ledger %s is refused, each time', async ([, damage, reason]) => {
  const { path } = await openFilled();
  const copy = copyKilled(path);
  damage(copy);
  for (let start = 1; start <= 2; start++) expect((await judge(copy)).refusal).toMatch(reason);
});

function copyOfFileAlone(path: string): void {
  for (const ending of ['-wal', '-sums']) rmSync(path + ending);
}

test('a damaged last commit is told, and what was committed before it is billed', async () => {
  const { path, ledger } = await openFilled();
  const bill = await billOf(ledger);
  const before = readFileSync(`${path}-wal`);
  await appendSeconds(ledger, 5_000, 1, 'ud-last');
  const copy = copyKilled(path);
  const log = readFileSync(`${copy}-wal`);
  // The log may have been longer before.
  const last = log.findLastIndex((byte, at) => byte !== before[at]);
  log.writeUInt8(log.readUInt8(last) ^ 1, last);
  writeFileSync(`${copy}-wal`, log);
  expect(await judge(copy)).toEqual({
    bill,
    refusal: undefined,
    findings: [expect.stringContaining('the last commit in')],
  });
});

test('empty checksums are made again, which is told once', async () => {
  const { path, ledger } = await openFilled();
  const bill = await billOf(ledger);
  const copy = copyKilled(path);
  truncateSync(`${copy}-sums`);
  expect(await judge(copy)).toMatchObject({ bill, findings: [expect.stringContaining('had no checksums')] });
  expect(await judge(copy)).toMatchObject({ bill, findings: [] });
});

test('the log of another file is refused', async () => {
  const [one, other] = [await openFilled(), await openFilled()];
  const backup = join(createFolder(), 'billaged.db');
  await one.ledger.backUp?.(backup);
  await appendSeconds(other.ledger, 900, 5);
  copyFileSync(`${other.path}-wal`, `${backup}-wal`);
  expect((await judge(backup)).refusal).toMatch(/-wal is the log of another file/);
});

test('a backup under load has everything that was acknowledged before it, and opens without a word', async () => {
  const { path, ledger } = await openFilled({ longLog: 50 });
  const target = join(createFolder(), 'backup.db');
  let acknowledged = 0;
  let isDone = false;
  const load = (async () => {
    for (let at = 0; !isDone; at++) acknowledged += (await appendSeconds(ledger, 1_000 + at, 1, 'ud-load')).accepted;
  })();
  for (let round = 0; round < 3; round++) {
    await expect.poll(() => acknowledged, { timeout: 60_000 }).toBeGreaterThan(20 * (round + 1));
    const before = acknowledged;
    await ledger.backUp?.(target);
    const copy = await judge(target);
    expect(copy).toMatchObject({ refusal: undefined, findings: [] });
    const inCopy = copy.bill?.find(({ vmId }) => vmId === 'ud-load')?.sampleCount ?? 0;
    expect(inCopy).toBeGreaterThanOrEqual(before);
    expect(statSync(target).mode & 0o077).toBe(0);
  }
  isDone = true;
  await load;
  const bill = await billOf(ledger);
  expect(await judge(copyKilled(path))).toEqual({ bill, refusal: undefined, findings: [] });
});

test('a backup that cannot be written is an error, and leaves the earlier one', async () => {
  const { ledger } = await openFilled();
  await expect(ledger.backUp?.('/dev/null/billaged.db')).rejects.toThrow('ENOTDIR');
  const target = join(createFolder(), 'backup.db');
  await ledger.backUp?.(target);
  const backup = readFileSync(target);
  await ledger.close();
  await expect(ledger.backUp?.(target)).rejects.toThrow('closed');
  expect(readFileSync(target)).toEqual(backup);
});

test('the log is bounded: it is copied into the file when it is long, and after a time', async () => {
  const { path, ledger } = await openFilled({ longLog: 20, checkpointMs: 20 });
  for (let at = 0; at < 300; at++) await appendSeconds(ledger, 1_000 + at, 1);
  expect(statSync(`${path}-wal`).size).toBeLessThan(60 * 4_200);
  const before = readFileSync(path);
  await appendSeconds(ledger, 3_000, 1);
  await expect.poll(() => readFileSync(path).equals(before), { timeout: 60_000 }).toBe(false);
  expect(existsSync(`${path}-wal`)).toBe(true);
});
