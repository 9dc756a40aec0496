import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type PnpmLock, readLockedPackages } from './npm-lock.ts';

const lock: PnpmLock = {
  importers: {
    '.': { devDependencies: { tool: { version: '1.0.0' }, old: { version: 'tool@0.9.0' } } },
    'packages/service': {
      dependencies: {
        library: { version: '2.0.0(peer@3.0.0)' },
        ours: { version: 'link:../ours' },
        remote: { version: 'https://example.com/remote.tgz' },
      },
      devDependencies: { tester: { version: '1.0.0' } },
    },
    test: { dependencies: { client: { version: '1.0.0' } } },
  },
  packages: {
    'tool@1.0.0': {},
    'tool@0.9.0': {},
    'tool-linux@1.0.0': { os: ['linux'] },
    'only-on-linux@1.0.0': {},
    'library@2.0.0': {},
    'library-arm@2.0.0': { cpu: ['arm64'] },
    'peer@3.0.0': {},
    'remote@https://example.com/remote.tgz': { version: '4.0.0' },
    'tester@1.0.0': {},
    'client@1.0.0': {},
  },
  snapshots: {
    'tool@1.0.0': { optionalDependencies: { 'tool-linux': '1.0.0' } },
    'tool@0.9.0': {},
    'tool-linux@1.0.0': { dependencies: { 'only-on-linux': '1.0.0' } },
    'only-on-linux@1.0.0': {},
    'library@2.0.0(peer@3.0.0)': { dependencies: { peer: '3.0.0' }, optionalDependencies: { 'library-arm': '2.0.0' } },
    'library-arm@2.0.0': {},
    'peer@3.0.0': {},
    'remote@https://example.com/remote.tgz': {},
    'tester@1.0.0': { dependencies: { tool: '1.0.0' } },
    'client@1.0.0': {},
  },
};

test('a binary of some machines, and what only it needs, is not everywhere', () => {
  const { everywhere, elsewhere } = readLockedPackages(lock);
  expect([...everywhere].sort()).toEqual([
    'client@1.0.0',
    'library@2.0.0',
    'peer@3.0.0',
    'remote@4.0.0',
    'tester@1.0.0',
    'tool@0.9.0',
    'tool@1.0.0',
  ]);
  expect(elsewhere).toBe(3);
});

test('packages needed at run time on any machine are shipped, not those of tests', () => {
  expect([...readLockedPackages(lock).shipped].sort()).toEqual([
    'library-arm@2.0.0',
    'library@2.0.0',
    'peer@3.0.0',
    'remote@4.0.0',
  ]);
});

test('no package is patched, since files under MPL-2.0 are used as they are', async () => {
  const text = await readFile(join(import.meta.dirname, '../../../pnpm-lock.yaml'), 'utf8');
  const { patchedDependencies }: PnpmLock = parse(text);
  expect(patchedDependencies).toBeUndefined();
});
