import { expect, test } from 'vitest';
import { LedgerUnavailableError } from './ledger/ledger.ts';
import { createLedgerCheck } from './ledger-errors.ts';

test('the readiness check passes, or says why the ledger cannot be written', async () => {
  expect(await createLedgerCheck({ check: async () => undefined })()).toBe(true);
  const check = () => Promise.reject(new LedgerUnavailableError('the disk is full'));
  expect(await createLedgerCheck({ check })()).toBe('the disk is full');
});
