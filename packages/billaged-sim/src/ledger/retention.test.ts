import { expect, onTestFinished, test, vi } from 'vitest';
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

test('what is older than the retention is sealed at once', async () => {
  const sealed: number[] = [];
  const errors: unknown[] = [];
  const retention = startRetention({
    onFailed: () => errors.push('failed'),
    ledger: { sealBefore: async (unixSeconds) => void sealed.push(unixSeconds) },
    logger: { error: (error: unknown) => errors.push(error) },
    hours: 2,
    now: () => 10_000_000,
  });
  retention.close();
  await expect.poll(() => sealed).toEqual([2_800]);
  expect(errors).toEqual([]);
});

test('a failure to seal is logged and reported', async () => {
  const errors: unknown[] = [];
  let failed = 0;
  const { close } = startRetention({
    onFailed: () => void failed++,
    ledger: { sealBefore: () => Promise.reject(new Error('disk full')) },
    logger: { error: (error: unknown) => errors.push(error) },
    hours: 2,
    now: () => 10_000_000,
  });
  await expect.poll(() => errors).toMatchObject([{ err: { message: 'disk full' } }]);
  expect(failed).toBe(1);
  close();
});

test('without a retention nothing is sealed', async () => {
  const sealed: number[] = [];
  const ledger = { sealBefore: async (unixSeconds: number) => void sealed.push(unixSeconds) };
  const quiet = { logger: { error: () => undefined }, onFailed: () => undefined };
  startRetention({ ledger, ...quiet, hours: 0, now: () => 10_000_000 }).close();
  await Promise.resolve();
  expect(sealed).toEqual([]);
});

test('retention runs every ten minutes, one run at a time; close ends its reports', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const pending: PromiseWithResolvers<void>[] = [];
  const sealBefore = () => {
    const work = Promise.withResolvers<void>();
    pending.push(work);
    return work.promise;
  };
  const errors: unknown[] = [];
  const logger = { error: (error: unknown) => errors.push(error) };
  const retention = startRetention({
    ledger: { sealBefore },
    logger,
    onFailed: () => errors.push('failed'),
    hours: 2,
    now: () => 10_000_000,
  });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(pending).toHaveLength(1);
  pending[0]?.resolve();
  await vi.advanceTimersByTimeAsync(599_999);
  expect(pending).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(pending).toHaveLength(2);
  retention.close();
  pending[1]?.reject(new Error('the ledger is sealed'));
  await vi.advanceTimersByTimeAsync(1_200_000);
  expect(pending).toHaveLength(2);
  expect(errors).toEqual([]);
});
