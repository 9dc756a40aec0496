import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAllPrograms, findPart } from './find-parts.ts';
import { type Part, readParts } from './part.ts';
import { defaultCache, putIntoCache } from './part-cache.ts';

let folder: string;
let cache: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-find-parts-'));
  cache = join(folder, 'cache');
});
afterEach(() => rm(folder, { recursive: true }));

async function writeProgram(path: string, says: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 });
  return path;
}

async function readPart(name: string): Promise<Part> {
  const part = (await readParts()).find((candidate) => candidate.name === name);
  if (part === undefined) throw new Error(`there is no part ${name}`);
  return part;
}

/** Looks in the temporary folders alone. */
function options(...directories: string[]) {
  return { cache, env: { PATH: directories.map((directory) => join(folder, directory)).join(':') } };
}

test('a program that is nowhere is not found', async () => {
  await mkdir(join(folder, 'bin'));
  expect(await findPart('prometheus', options('bin', 'missing'))).toBeUndefined();
});

test('a program on PATH is used when its version is of the wanted line', async () => {
  const path = await writeProgram(join(folder, 'bin/prometheus'), 'prometheus, version 3.16.99 (branch: HEAD)');
  expect(await findPart('prometheus', options('missing', 'bin'))).toEqual({ path, version: '3.16.99', from: 'path' });
});

test.for([
  'prometheus, version 2.42.0+ds (branch: debian/sid)',
  'prometheus, version 3.1.6 (branch: HEAD)',
  'prometheus, version  (branch: )',
  '3.16.0',
])('a program on PATH that says "%s" does not fit', async (says) => {
  await writeProgram(join(folder, 'bin/prometheus'), says);
  expect(await findPart('prometheus', options('bin'))).toBeUndefined();
});

test('an unfit program on PATH does not hide a fit one behind it', async () => {
  await writeProgram(join(folder, 'old/promtool'), 'promtool, version 2.42.0');
  await writeFile(join(folder, 'old/amtool'), 'no program');
  const path = await writeProgram(join(folder, 'new/promtool'), 'promtool, version 3.16.0');
  expect(await findPart('promtool', options('old', 'new'))).toMatchObject({ path });
});

test('Jaeger fits at the version that is built and at that of the image', async () => {
  const { version, imageVersion } = await readPart('jaeger');
  for (const one of [version, imageVersion]) {
    await writeProgram(join(folder, 'bin/jaeger'), `jaeger version v${one}`);
    expect(await findPart('jaeger', options('bin'))).toMatchObject({ version: one });
  }
});

test.for(['victoria-logs-version:v1.52.1', 'victoria-logs-20260801-120000-tags-v1.52.1-0-g0123abc'])(
  'VictoriaLogs fits as it is built and as it is published: %s',
  async (says) => {
    const { version } = await readPart('victorialogs');
    expect(version).toBe('1.52.1');
    const path = await writeProgram(join(folder, 'bin/victoria-logs-prod'), says);
    expect(await findPart('victoria-logs', options('bin'))).toEqual({ path, version, from: 'path' });
  },
);

test('of collectors on PATH only the contrib distribution is used', async () => {
  const { version } = await readPart('otelcol');
  await writeProgram(join(folder, 'bin/otelcol'), `otelcol version ${version}`);
  expect(await findPart('otelcol', options('bin'))).toBeUndefined();
  const path = await writeProgram(join(folder, 'bin/otelcol-contrib'), `otelcol-contrib version ${version}`);
  expect(await findPart('otelcol', options('bin'))).toEqual({ path, version, from: 'path' });
});

test('what was built goes before what is on PATH', async () => {
  const part = await readPart('prometheus');
  await writeProgram(join(folder, 'bin/prometheus'), `prometheus, version ${part.version}`);
  const built = await putIntoCache(part, cache, async (output) => {
    for (const { name } of part.programs) await writeProgram(join(output, name), name);
  });
  expect(await findPart('prometheus', options('bin'))).toEqual({
    path: join(built, 'prometheus'),
    version: part.version,
    from: 'cache',
  });
});

test('a part that lacks one of its programs is not whole, in the cache or on PATH', async () => {
  const part = await readPart('alertmanager');
  await putIntoCache(part, cache, async (output) => {
    await writeProgram(join(output, 'alertmanager'), 'half');
  });
  expect(await findPart('alertmanager', options())).toBeUndefined();
  await writeProgram(join(folder, 'bin/amtool'), `amtool, version ${part.version}`);
  expect(await findPart('amtool', options('bin'))).toMatchObject({ from: 'path' });
  expect(await findAllPrograms(part, options('bin'))).toBeUndefined();
});

test('the cache follows the XDG convention, and an empty variable counts as unset', () => {
  expect(defaultCache({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/vmobs/parts');
  expect(defaultCache({ XDG_CACHE_HOME: '', HOME: '/h' })).toBe('/h/.cache/vmobs/parts');
});
