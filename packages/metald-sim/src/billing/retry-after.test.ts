import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

test.for([
  ['7', 7_000],
  ['0', 0],
  [' 3 ', 3_000],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ['', undefined],
  ['soon', undefined],
] as const)('Retry-After %j is %s ms', ([value, expected]) => {
  expect(retryAfterMs(new ConnectError('busy', Code.Unavailable, { 'retry-after': value }), now)).toBe(expected);
});

test('an error without the header, or without headers, says nothing', () => {
  expect(retryAfterMs(new ConnectError('busy'), now)).toBeUndefined();
  expect(retryAfterMs(new TypeError('fetch failed'), now)).toBeUndefined();
});
