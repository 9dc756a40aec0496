import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readNpmPackages, readPeerPackages, sortPackages } from './npm-packages.ts';
import { judge } from './policy.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vmobs-licences-'));
});
afterEach(() => rm(root, { recursive: true }));

/** Writes a file below the root, as JSON unless it is text. */
async function write(path: string, content: unknown): Promise<void> {
  const file = join(root, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** Installs a workspace whose one package needs a planted one, with nothing from the registry. */
async function installPlanted(group: 'dependencies' | 'devDependencies', license: string | undefined): Promise<void> {
  await write('pnpm-workspace.yaml', 'packages: [packages/*]\n');
  await write('package.json', { name: 'root', private: true });
  await write('packages/app/package.json', { name: 'app', [group]: { planted: 'file:../../planted' } });
  await write('planted/package.json', { name: 'planted', version: '1.0.0', license });
  await promisify(execFile)('pnpm', ['install', '--offline', '--no-frozen-lockfile'], { cwd: root });
}

test.each([
  ['dependencies', 'shipped'],
  ['devDependencies', 'at work'],
] as const)('a planted AGPL package among the %s of a package is found and refused', async (group, use) => {
  await installPlanted(group, 'AGPL-3.0-only');
  const { everywhere } = await readNpmPackages(root);
  expect(everywhere).toMatchObject([{ name: 'planted', licence: 'AGPL-3.0-only', use }]);
  expect(judge(everywhere, [])).toEqual([expect.stringContaining('planted')]);
});

test('a package that does not say its licence is refused', async () => {
  await installPlanted('dependencies', undefined);
  const { everywhere } = await readNpmPackages(root);
  expect(judge(everywhere, [])).toEqual([expect.stringContaining('"Unknown", which is not an SPDX licence')]);
});

test('a package that every machine installs and that pnpm leaves out is reported', () => {
  const locked = { everywhere: new Set(['known@1.0.0', 'lost@1.0.0']), shipped: new Set<string>(), elsewhere: 0 };
  const report = { '(MIT)': [{ name: 'known', versions: ['1.0.0'] }] };
  expect(sortPackages(report, locked)).toMatchObject({
    everywhere: [{ name: 'known', licence: 'MIT' }],
    unreported: ['lost@1.0.0'],
  });
});

test('a binary of this machine is judged apart from what every machine has', () => {
  const locked = { everywhere: new Set<string>(), shipped: new Set(['binary@1.0.0']), elsewhere: 1 };
  const report = { 'GPL-3.0-only': [{ name: 'binary', versions: ['1.0.0'] }] };
  expect(sortPackages(report, locked)).toMatchObject({
    everywhere: [],
    here: [{ name: 'binary', licence: 'GPL-3.0-only', use: 'shipped' }],
  });
});

test('a package in a lock file of npm without a licence is refused', async () => {
  await write('bench/package-lock.json', {
    packages: {
      '': { name: 'bench' },
      'node_modules/@scope/known': { version: '1.0.0', license: 'MIT' },
      'node_modules/a/node_modules/planted': { version: '2.0.0' },
    },
  });
  const packages = await readPeerPackages(root, 'bench/package-lock.json');
  expect(packages.map(({ name }) => name)).toEqual(['@scope/known', 'planted']);
  expect(judge(packages, [])).toEqual([expect.stringContaining('planted 2.0.0 of bench is under "Unknown"')]);
});
