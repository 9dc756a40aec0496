import { expect, test } from 'vitest';
import { redactQuery } from './redact-query.ts';

test.for([
  ['token=hunter2', 'token=REDACTED'],
  ['page=2&q=a=b', 'page=REDACTED&q=REDACTED'],
  ['hunter2', 'REDACTED'],
  ['a=&b', 'a=REDACTED&REDACTED'],
] as const)('of the query %s only %s is left', ([query, redacted]) => {
  expect(redactQuery(query)).toBe(redacted);
});
