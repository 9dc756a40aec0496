import { expect, test } from 'vitest';
import { codeOf, messageOf } from './errors.ts';

test.for([
  [new Error('no disk'), 'no disk'],
  ['no disk', 'no disk'],
  [undefined, 'undefined'],
  [42, '42'],
] as const)('the message of %o is "%s"', ([thrown, message]) => {
  expect(messageOf(thrown)).toBe(message);
});

test.for([
  [Object.assign(new Error('gone'), { code: 'ENOENT' }), 'ENOENT'],
  [Object.assign(new Error('busy'), { code: 503 }), undefined],
  [new Error('no disk'), undefined],
  [{ code: 'ENOENT' }, undefined],
  ['ENOENT', undefined],
] as const)('the code of %o is %s', ([thrown, code]) => {
  expect(codeOf(thrown)).toBe(code);
});
