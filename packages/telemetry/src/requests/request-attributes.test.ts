import { expect, test } from 'vitest';
import { redactQuery } from './request-attributes.ts';

test.for([
  ['token=hunter2', 'token=REDACTED'],
  ['page=2&q=a=b', 'page=REDACTED&q=REDACTED'],
  ['hunter2', 'REDACTED'],
  ['a=&b', 'a=REDACTED&REDACTED'],
] as const)('the query %s is redacted to %s', ([query, redacted]) => {
  expect(redactQuery(query)).toBe(redacted);
});
