import { expect, test } from 'vitest';
import { LedgerUnavailableError } from '../ledger/ledger-error.ts';
import { createLedgerCheck } from './ledger-check.ts';

test('a ledger that can be written is ready, and one that cannot says why', async () => {
  expect(await createLedgerCheck({ check: async () => undefined })()).toBe(true);
  const check = () => Promise.reject(new LedgerUnavailableError('the disk is full'));
  expect(await createLedgerCheck({ check })()).toBe('the disk is full');
});
