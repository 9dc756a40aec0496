import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { defaultFile, LedgerOpenError } from './ledger.ts';
import { type LedgerOptions, openLedger } from './open-ledger.ts';

const unset: LedgerOptions = { database: ':memory:', databaseUrl: '', databaseUrlFile: '', databasePool: 2 };

async function openError(options: Partial<LedgerOptions>): Promise<string> {
  try {
    await (await openLedger({ ...unset, ...options })).close();
  } catch (error) {
    if (error instanceof LedgerOpenError) return error.message;
    throw error;
  }
  throw new Error('it was opened');
}

test('without a URL the ledger is a file', async () => {
  const ledger = await openLedger(unset);
  onTestFinished(() => ledger.close());
  expect(ledger.activeVms).toBe(0);
});

test('settings that name two ledgers are refused', async () => {
  const databaseUrl = 'postgresql://127.0.0.1:1/billing';
  expect(await openError({ databaseUrl, databaseUrlFile: '/run/secrets/url' })).toContain('are both set');
  expect(await openError({ databaseUrl, database: 'bills.db' })).toMatch(/names the file bills\.db.*unset one/);
  expect(await openError({ databaseUrl, database: defaultFile })).toContain('cannot be opened');
});

test('the URL can be read from a file, as secrets are mounted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const databaseUrlFile = join(folder, 'url');
  expect(await openError({ databaseUrlFile })).toMatch(/in BILLAGED_DATABASE_URL_FILE cannot be read: .*ENOENT/);
  writeFileSync(databaseUrlFile, 'postgresql://billing:hush@127.0.0.1:1/billing\n');
  const message = await openError({ databaseUrlFile });
  expect(message).toMatch(
    /^the ledger postgresql:\/\/billing@127\.0\.0\.1:1\/billing cannot be opened: .*ECONNREFUSED/,
  );
  expect(message).not.toContain('hush');
});
