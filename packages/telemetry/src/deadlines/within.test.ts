import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { within } from './within.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('work that finishes in time gives its result and leaves no timer', async () => {
  expect(await within(Promise.resolve('done'), 100, () => 'late')).toBe('done');
  expect(vi.getTimerCount()).toBe(0);
});

test('work that fails in time fails the wait and leaves no timer', async () => {
  await expect(within(Promise.reject(new Error('broken')), 100, () => 'late')).rejects.toThrow('broken');
  expect(vi.getTimerCount()).toBe(0);
});

test('work that hangs gives the late value after the limit', async () => {
  const waiting = within(new Promise<never>(() => undefined), 100, () => 'late');
  vi.advanceTimersByTime(99);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(await waiting).toBe('late');
});

test('an error of the late function fails the wait', async () => {
  const waiting = within(new Promise<never>(() => undefined), 100, () => {
    throw new Error('too late');
  });
  vi.advanceTimersByTime(100);
  await expect(waiting).rejects.toThrow('too late');
});
