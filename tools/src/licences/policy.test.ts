import { describe, expect, test } from 'vitest';
import { bundled } from './bundled.ts';
import { type Dependency, type Exception, judge, type Use } from './policy.ts';

function dependency(licence: string, use: Use = 'at work'): Dependency {
  return { kind: 'npm package', name: 'planted', version: '1.0.0', licence, use };
}

const exception: Exception = {
  kind: 'npm package',
  name: 'planted',
  licence: 'Artistic-2.0',
  use: 'at work',
  reason: 'a program that a test starts',
};

describe.each<Use>(['shipped', 'built', 'at work'])('what is %s', (use) => {
  test.each(['AGPL-3.0-only', 'AGPL-3.0-or-later', 'AGPL-3.0', 'SSPL-1.0', 'GPL-3.0-only', 'Elastic-2.0', 'BUSL-1.1'])(
    'is not under %s',
    (licence) => {
      expect(judge([dependency(licence, use)], [])).toEqual([
        expect.stringContaining(`planted 1.0.0 is under ${licence}, which is not allowed where it is ${use}`),
      ]);
    },
  );

  test.each(['Unknown', 'UNLICENSED', 'LicenseRef-unknown'])('is not under %s', (licence) => {
    expect(judge([dependency(licence, use)], [])).toEqual([expect.stringContaining(licence)]);
  });

  test.each(['MIT', 'Apache-2.0 AND BSD-3-Clause', 'AGPL-3.0-only OR MIT'])('may be under %s', (licence) => {
    expect(judge([dependency(licence, use)], [])).toEqual([]);
  });
});

test('MPL-2.0 is for what is built or worked with, not for what is shipped', () => {
  const uses = ['shipped', 'built', 'at work'] as const;
  expect(uses.filter((use) => judge([dependency('MPL-2.0', use)], []).length === 0)).toEqual(['built', 'at work']);
});

test('what is refused is named with what it belongs to', () => {
  const [problem] = judge([{ ...dependency('AGPL-3.0'), kind: 'Go module', of: 'parts/planted' }], []);
  expect(problem).toMatch(/^Go module planted 1\.0\.0 of parts\/planted is under AGPL-3\.0/);
});

test('an exception allows its package under its licence for its use', () => {
  expect(judge([dependency('Artistic-2.0')], [exception])).toEqual([]);
});

test.each([
  ['licence', dependency('AGPL-3.0-only')],
  ['use', dependency('Artistic-2.0', 'shipped')],
  ['name', { ...dependency('Artistic-2.0'), name: 'another' }],
  ['kind', { ...dependency('Artistic-2.0'), kind: 'Go module' } as const],
])('an exception is for no other %s', (_, other) => {
  expect(judge([dependency('Artistic-2.0'), other], [exception])).toEqual([expect.stringContaining('is not allowed')]);
});

test('an exception that nothing needs is a problem', () => {
  expect(judge([dependency('MIT')], [exception])).toEqual([
    expect.stringContaining('the exception for npm package planted under Artistic-2.0 is unused'),
  ]);
});

test('what is inside of other things has a licence that is allowed', () => {
  expect(judge(bundled, [])).toEqual([]);
});
