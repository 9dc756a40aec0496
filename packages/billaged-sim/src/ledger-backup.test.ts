import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteLedger } from './ledger/sqlite/sqlite-ledger.ts';
import { appendSeconds } from './ledger/testing/usage-samples.ts';
import { createBackup } from './ledger-backup.ts';

/** A backup function of a ledger with some samples, and the lines that it logs. */
async function setUp(backup = '', database?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-backup-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = database ?? join(folder, 'billaged.db');
  const ledger = openSqliteLedger({ path });
  onTestFinished(() => ledger.close());
  await appendSeconds(ledger, 1, 5);
  const lines: unknown[][] = [];
  let errors = 0;
  const log =
    (severity: string) =>
    (...line: unknown[]) =>
      void lines.push([severity, ...line]);
  const run = createBackup({
    ledger,
    config: { database: path, backup },
    onFailed: () => void errors++,
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
  });
  return { run, ledger, path, lines, errors: () => errors };
}

test('without a path the copy is beside the ledger, and can be opened as one', async () => {
  const { run, ledger, path, lines } = await setUp();
  await run();
  expect(lines).toEqual([['info', { path: `${path}.backup`, bytes: expect.any(Number) }, 'the ledger was copied']]);
  const copy = openSqliteLedger({ path: `${path}.backup` });
  onTestFinished(() => copy.close());
  expect(await copy.usage({})).toEqual(await ledger.usage({}));
});

test('a second request while a copy is made is told, and a later one replaces the copy', async () => {
  const { run, lines } = await setUp();
  await Promise.all([run(), run()]);
  expect(lines.map(([severity]) => severity).sort()).toEqual(['info', 'warn']);
  await run();
  expect(lines).toHaveLength(3);
});

test('a copy that cannot be written is logged and counted', async () => {
  const { run, lines, errors } = await setUp('/dev/null/copy');
  await run();
  expect(lines).toMatchObject([['error', { err: { code: 'ENOTDIR' } }, 'the ledger could not be copied']]);
  expect(errors()).toBe(1);
});

test('a ledger in memory is not copied, which is told', async () => {
  const { run, lines } = await setUp('', ':memory:');
  await run();
  expect(lines).toMatchObject([['warn', expect.stringContaining('pg_dump')]]);
});
