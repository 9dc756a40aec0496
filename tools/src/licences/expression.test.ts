import { expect, test } from 'vitest';
import { isSatisfied, normaliseLicence, parseLicence } from './expression.ts';

/** Whether an expression is satisfied by MIT and Apache-2.0 alone; `undefined` when it is none. */
function isAllowed(text: string): boolean | undefined {
  const expression = parseLicence(text);
  return expression && isSatisfied(expression, (licence) => licence === 'MIT' || licence === 'Apache-2.0');
}

test.each([
  ['MIT', true],
  ['AGPL-3.0-only', false],
  ['MIT OR AGPL-3.0-only', true],
  ['(AGPL-3.0-only OR SSPL-1.0)', false],
  ['MIT AND Apache-2.0', true],
  ['MIT AND AGPL-3.0-only', false],
  ['MIT AND (AGPL-3.0-only OR Apache-2.0)', true],
  ['MIT OR AGPL-3.0-only AND SSPL-1.0', true],
  ['AGPL-3.0-only AND MIT OR SSPL-1.0', false],
  ['Apache-2.0 WITH LLVM-exception', true],
  ['GPL-2.0-only WITH Classpath-exception-2.0', false],
])('%s: allowed by MIT and Apache-2.0 is %s', (text, allowed) => {
  expect(isAllowed(text)).toBe(allowed);
});

test.each(['Unknown', 'UNLICENSED', 'SEE LICENSE IN LICENSE.md', 'MIT/Apache-2.0', ''])(
  '"%s" is no licence that SPDX knows',
  (text) => {
    expect(parseLicence(text)).toBeUndefined();
  },
);

test.each([
  ['(Apache-2.0 AND BSD-3-Clause)', 'Apache-2.0 AND BSD-3-Clause'],
  ['((MIT) OR (ISC OR 0BSD))', 'MIT OR ISC OR 0BSD'],
  ['MIT AND (ISC OR 0BSD)', 'MIT AND (ISC OR 0BSD)'],
  ['Apache-2.0 WITH LLVM-exception', 'Apache-2.0 WITH LLVM-exception'],
  ['SEE LICENSE IN LICENSE.md', 'SEE LICENSE IN LICENSE.md'],
])('%s is written as %s', (text, written) => {
  expect(normaliseLicence(text)).toBe(written);
});
