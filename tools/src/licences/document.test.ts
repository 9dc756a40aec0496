import { expect, test } from 'vitest';
import { writeLicenceDocument } from './document.ts';
import type { Inventory } from './inventory.ts';
import type { Dependency } from './policy.ts';

function npmPackage(name: string, licence: string, use: Dependency['use']): Dependency {
  return { kind: 'npm package', name, version: '1.0.0', licence, use };
}

const inventory: Inventory = {
  npm: {
    everywhere: [
      npmPackage('a', 'MIT', 'shipped'),
      npmPackage('b', 'MIT', 'at work'),
      npmPackage('c', 'ISC', 'at work'),
    ],
    here: [],
    elsewhere: 3,
    unreported: [],
  },
  peers: new Map([['bench/package-lock.json', [npmPackage('d', '0BSD', 'at work')]]]),
  programs: [{ folder: 'parts/tiny', packages: ['.'], tags: [], module: 'example.com/tiny' }],
  record: {
    writtenBy: '',
    programs: {
      'parts/tiny': {
        fingerprint: '',
        platforms: ['linux/amd64', 'linux/arm64'],
        modules: { 'example.com/tiny@v1.0.0': 'Apache-2.0', 'example.com/weak@v2.0.0': 'MPL-2.0' },
      },
    },
    mavenParts: {
      'parts/jars': {
        fingerprint: '',
        jars: { 'com.example:one@1.0': 'MIT', 'com.example:other@2.0': 'Apache-2.0', 'com.example:two@1.1': 'MIT' },
      },
    },
  },
  stale: [],
  images: [{ name: 'grafana/grafana', version: '1.2.3', users: ['grafana'] }],
};

const rowsOf = (page: string) =>
  page.split('\n').flatMap((line) => (line.startsWith('| ') ? [line.slice(2, -2).split(' | ')] : []));

test('the page lists packages by licence and use, modules by program, jars by licence', () => {
  const page = writeLicenceDocument(inventory);
  expect(rowsOf(page)).toEqual(
    expect.arrayContaining([
      ['MIT', '1', '1'],
      ['ISC', '0', '1'],
      ['all', '1', '2'],
      ['parts/tiny', 'example.com/tiny v1.0.0, Apache-2.0', 'linux', '2', 'Apache-2.0 1, MPL-2.0 1'],
      ['parts/jars', 'MIT', '2', 'one 1.0, two 1.1'],
      ['parts/jars', 'Apache-2.0', '1', 'other 2.0'],
      ['grafana/grafana', '1.2.3', 'grafana', 'AGPL-3.0-only', expect.stringContaining('source')],
    ]),
  );
  expect(page).toContain('Under MPL-2.0, in part or as a whole: example.com/weak.');
});

test('the page is the same on a machine of another kind', () => {
  const elsewhere = {
    ...inventory,
    npm: { ...inventory.npm, here: [npmPackage('binary', 'BSD-2-Clause', 'at work')] },
  };
  expect(writeLicenceDocument(elsewhere)).toBe(writeLicenceDocument(inventory));
});
