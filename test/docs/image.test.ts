import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { compose, readComposeFile, readComposeServices } from '../support/compose-model.ts';

const root = join(compose, '..');
const dockerfile = await readFile(join(compose, 'image/Dockerfile'), 'utf8');
const instructions = dockerfile
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line));
const valuesOf = (name: string) =>
  instructions.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));

test('a linter has nothing to say about the Dockerfile', () => {
  expect(validate(dockerfile)).toEqual([]);
  // It does find what is wrong.
  expect(validate(`${dockerfile}COPY\n`)).not.toEqual([]);
});

test('the image has the Node of versions.env, which is that of the repository', async () => {
  const versions = await readFile(join(compose, 'versions.env'), 'utf8');
  const version = /^NODE_VERSION=(.+)$/m.exec(versions)?.[1];
  const bases = valuesOf('FROM').map((value) => value.split(' ')[0]);
  expect(new Set(bases)).toEqual(new Set([`node:${version}-bookworm-slim`]));
  const workspace = await readComposeFile<{ catalog: { node: string } }>('../pnpm-workspace.yaml');
  expect(workspace.catalog.node).toBe(version);
});

test('the image needs no BuildKit, no root and no shell', () => {
  expect(dockerfile).not.toMatch(/--mount|<<|COPY .*--link/);
  expect(valuesOf('USER')).toEqual(['1000:1000']);
  expect(valuesOf('CMD')).toEqual(['["metald-sim"]']);
});

test('every volume of a setup is a folder of the image with its owner', async () => {
  const services = await readComposeServices();
  const setups = ['setup', 'scale-setup'].map((name) => services.get(name));
  const mounted = setups.flatMap((setup) => setup?.volumes ?? []).map((volume) => volume.split(':')[1] ?? '');
  const made = /mkdir -p ((?:\/volumes\/[\w-]+ )+)/.exec(dockerfile)?.[1]?.trim().split(' ');
  expect(made?.sort()).toEqual(mounted.sort());
});

test('the image copies the manifests of exactly the packages that it needs', async () => {
  const needed = new Set<string>();
  const visit = async (name: string) => {
    if (needed.has(name)) return;
    needed.add(name);
    const manifest: { dependencies?: Record<string, string> } = JSON.parse(
      await readFile(join(root, 'packages', name, 'package.json'), 'utf8'),
    );
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      if (dependency.startsWith('@vmobs/')) await visit(dependency.slice('@vmobs/'.length));
    }
  };
  await visit('lab');
  const copied = valuesOf('COPY').flatMap((value) => /^packages\/([\w-]+)\/package\.json /.exec(value)?.[1] ?? []);
  expect(copied.sort()).toEqual([...needed].sort());
});
