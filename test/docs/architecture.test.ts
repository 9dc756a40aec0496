import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const architecture = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8');

test('every source file that it names exists', async () => {
  const files = await Array.fromAsync(glob('packages/*/src/**/*.ts', { cwd: root }));
  const paths = files.map((file) => file.replace(/^packages\/([^/]+)\/src\//, '/$1/'));
  const named = Array.from(architecture.matchAll(/`((?:[\w-]+\/)*[\w-]+\.ts)`/g), ([, path = '']) => path);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !paths.some((known) => known.endsWith(`/${path}`)))).toEqual([]);
});

test('the column "imports" has the packages that each package depends on', async () => {
  const rows = architecture.matchAll(/^\| \[([\w-]+)\]\(packages\/\1\) \|.*\| ([\w, -]*)\|$/gm);
  const drawn = Array.from(rows, ([, name = '', imports = '']) => [name, imports.trim()] as const);
  const manifests = await Array.fromAsync(glob('packages/*/package.json', { cwd: root }));
  const real = await Promise.all(manifests.map(readImports));
  expect(Object.fromEntries(drawn)).toEqual(Object.fromEntries(real));
});

type Dependencies = Readonly<Record<string, string>>;

/** The name of a package without its scope, and the packages of this repository that it depends on. */
async function readImports(manifest: string): Promise<readonly [name: string, imports: string]> {
  const text = await readFile(join(root, manifest), 'utf8');
  const read: { name: string; dependencies?: Dependencies; devDependencies?: Dependencies } = JSON.parse(text);
  const scope = '@vmobs/';
  // What telemetry imports from settings is bundled into it, so there it is a development dependency.
  const imports = Object.keys({ ...read.dependencies, ...read.devDependencies })
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length))
    // Tests of every package may import it.
    .filter((name) => name !== 'testing');
  return [read.name.slice(scope.length), imports.sort().join(', ')];
}
