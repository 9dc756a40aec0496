import { expect, test } from 'vitest';
import { findImageProblems, findProblems } from './check.ts';
import type { Inventory } from './inventory.ts';
import type { Dependency } from './policy.ts';

function npmPackage(name: string): Dependency {
  return { kind: 'npm package', name, version: '1.0.0', licence: 'AGPL-3.0', use: 'at work' };
}

/** Has one thing of each kind that is wrong. */
const inventory: Inventory = {
  npm: { everywhere: [npmPackage('a')], here: [npmPackage('b')], elsewhere: 0, unreported: ['c@1.0.0'] },
  peers: new Map([['bench/package-lock.json', [npmPackage('d')]]]),
  programs: [],
  record: {
    writtenBy: '',
    programs: { 'parts/go': { fingerprint: '', platforms: [], modules: { 'example.com/module@v1.0.0': 'AGPL-3.0' } } },
    mavenParts: { 'parts/jars': { fingerprint: '', jars: { 'com.example:jar@1.0': 'AGPL-3.0' } } },
  },
  stale: ['the record is stale'],
  images: [{ name: 'planted', version: '1', users: ['one'] }],
};

test('the check finds what is wrong with each kind of thing', () => {
  const exception = { kind: 'jar', name: 'gone', licence: 'AGPL-3.0', use: 'built', reason: '' } as const;
  const known = new Map([['unused', { licence: 'MIT' }]]);
  expect(findProblems(inventory, [exception], known)).toEqual([
    expect.stringContaining('npm package a 1.0.0 is under AGPL-3.0'),
    expect.stringContaining('npm package b 1.0.0 is under AGPL-3.0'),
    expect.stringContaining('npm package d 1.0.0 is under AGPL-3.0'),
    expect.stringContaining('Go module example.com/module v1.0.0 of parts/go is under AGPL-3.0'),
    expect.stringContaining('jar com.example:jar 1.0 of parts/jars is under AGPL-3.0'),
    expect.stringContaining('the exception for jar gone under AGPL-3.0 is unused'),
    'pnpm does not report the licence of c@1.0.0; run `npx -y pnpm@12 install`',
    'the record is stale',
    'the image planted, used by one, has no licence in tools/src/licences/image-licences.ts; add it',
    'no file uses the image unused; remove it from tools/src/licences/image-licences.ts',
  ]);
});

test.each([
  ['AGPL-3.0-only', undefined, [expect.stringContaining('is under AGPL-3.0-only; state in')]],
  ['AGPL-3.0-only', 'What follows.', []],
  ['Apache-2.0', undefined, []],
  ['Free for all', undefined, [expect.stringContaining('is under "Free for all"')]],
])('an image under %s with the remark %s', (licence, note, problems) => {
  const known = new Map([['planted', note === undefined ? { licence } : { licence, note }]]);
  expect(findImageProblems({ name: 'planted', version: '1', users: ['one'] }, known)).toEqual(problems);
});
