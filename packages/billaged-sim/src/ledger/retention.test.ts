import { expect, test } from 'vitest';
import { retentionKind, startRetention } from './retention.ts';

test.for([
  ['0', 0],
  ['1h', 1],
  ['48h', 48],
  ['90d', 2_160],
  ['0h', undefined],
  ['1.5d', undefined],
  ['30m', undefined],
  ['90', undefined],
  ['-1d', undefined],
] as const)('the retention %j is %s hours', ([text, hours]) => {
  expect(retentionKind.parse(text)).toBe(hours);
});

test.for([
  [0, '0'],
  [48, '2d'],
  [49, '49h'],
] as const)('%i hours are written %s', ([hours, text]) => {
  expect(retentionKind.format?.(hours)).toBe(text);
});

test('what is older than the retention is closed at once', async () => {
  const closed: number[] = [];
  const errors: unknown[] = [];
  const retention = startRetention({
    onFailed: () => errors.push('failed'),
    ledger: { closeBefore: async (unixSeconds) => void closed.push(unixSeconds) },
    logger: { error: (error: unknown) => errors.push(error) },
    hours: 2,
    now: () => 10_000_000,
  });
  retention.close();
  await expect.poll(() => closed).toEqual([2_800]);
  expect(errors).toEqual([]);
});

test('a ledger that cannot be compacted is an error in the log, and told', async () => {
  const errors: unknown[] = [];
  let failed = 0;
  const { close } = startRetention({
    onFailed: () => void failed++,
    ledger: { closeBefore: () => Promise.reject(new Error('disk full')) },
    logger: { error: (error: unknown) => errors.push(error) },
    hours: 2,
    now: () => 10_000_000,
  });
  await expect.poll(() => errors).toMatchObject([{ err: { message: 'disk full' } }]);
  expect(failed).toBe(1);
  close();
});

test('without a retention nothing is closed', async () => {
  const closed: number[] = [];
  const ledger = { closeBefore: async (unixSeconds: number) => void closed.push(unixSeconds) };
  const quiet = { logger: { error: () => undefined }, onFailed: () => undefined };
  startRetention({ ledger, ...quiet, hours: 0, now: () => 10_000_000 }).close();
  await Promise.resolve();
  expect(closed).toEqual([]);
});
