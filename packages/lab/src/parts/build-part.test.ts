import { execFileSync, spawnSync } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildPart } from './build-part.ts';
import type { Part } from './part.ts';
import { findCached } from './part-cache.ts';
import { askVersion } from './program-version.ts';

/** The first build on a machine compiles a part of Go's library as well. */
const patient = { timeout: 300_000 };

const noGo = 'Go is not on PATH';
const hasGo = (() => {
  try {
    execFileSync('go', ['version']);
    return true;
  } catch {
    return false;
  }
})();

let folder: string;
let cache: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-build-part-'));
  cache = join(folder, 'cache');
});
afterEach(() => rm(folder, { recursive: true }));

/** A part of our own that compiles in a second: it prints its version. */
async function makeTinyPart(source: string): Promise<Part> {
  const own = join(folder, 'tiny');
  await mkdir(own, { recursive: true });
  await mkdir(join(folder, 'library'), { recursive: true });
  await writeFile(join(folder, 'library/go.mod'), 'module example.com/library\n\ngo 1.21\n');
  await writeFile(
    join(folder, 'library/library.go'),
    'package library\n\nimport _ "embed"\n\n//go:embed dist/page.txt\nvar Page string\n\n//go:embed dist/page.txt.gz\nvar Packed string\n',
  );
  await writeFile(
    join(own, 'go.mod'),
    `module tiny\n\ngo 1.21\n\nrequire example.com/library v1.2.3\n\nreplace example.com/library => ${folder}/library\n`,
  );
  await writeFile(join(own, 'main.go'), source);
  return {
    name: 'tiny',
    summary: 'prints its version',
    programs: [{ name: 'tiny', package: 'tiny' }],
    variables: 'TINY',
    module: 'example.com/library',
    versionSymbol: 'main.version',
    minutes: 1,
    version: '1.2.3',
    imageVersion: '1.2.3',
    moduleVersion: 'v1.2.3',
    folder: own,
  };
}

const goodSource = 'package main\n\nvar version string\n\nfunc main() { println("tiny version", version) }\n';

function build(part: Part, { env = process.env, signal = new AbortController().signal } = {}): Promise<string> {
  return buildPart(part, { cache, env, onStep: () => undefined, signal });
}

test('a part is built completely, reports its version, and is rebuilt after a change', patient, async () => {
  const part = await makeTinyPart(goodSource);
  if (!hasGo) return await expect(build(part)).rejects.toThrow(noGo);
  const built = await build(part);
  expect(built).toBe(join(cache, 'tiny/1.2.3'));
  expect(await askVersion(join(built, 'tiny'))).toBe('1.2.3');
  expect(await findCached(part, cache)).toBe(built);

  await writeFile(join(part.folder, 'main.go'), `${goodSource}// changed\n`);
  expect(await findCached(part, cache)).toBeUndefined();
  expect(await build(part)).toBe(built);
  expect(await findCached(part, cache)).toBe(built);
  expect(await readdir(join(cache, 'tiny'))).toEqual(['1.2.3']);
});

test('a build that fails says why and leaves nothing, and what was there before stays', patient, async () => {
  const bad = await makeTinyPart('package main\n\nfunc main() { nowhere() }\n');
  if (!hasGo) return await expect(build(bad)).rejects.toThrow(noGo);
  await expect(build(bad)).rejects.toThrow(/tiny 1\.2\.3 could not be built: .*undefined: nowhere/s);
  expect(await readdir(join(cache, 'tiny'))).toEqual([]);

  const built = await build(await makeTinyPart(goodSource));
  await expect(build(await makeTinyPart('not Go'))).rejects.toThrow('could not be built');
  await access(join(built, 'tiny'));
  expect(await readdir(join(cache, 'tiny'))).toEqual(['1.2.3']);
});

test('a file that a module embeds and does not carry is added', patient, async () => {
  const source =
    'package main\n\nimport "example.com/library"\n\nvar version string\n\nfunc main() { println(library.Page, version, len(library.Packed) > len(library.Page)) }\n';
  const part = await makeTinyPart(source);
  if (!hasGo) return await expect(build(part)).rejects.toThrow(noGo);
  await expect(build(part)).rejects.toThrow('dist/page.txt');
  await writeFile(join(part.folder, 'page.txt'), 'page version');
  const built = await build({ ...part, additions: { 'dist/page.txt': 'page.txt', 'dist/page.txt.gz': 'page.txt' } });
  expect(spawnSync(join(built, 'tiny'), { encoding: 'utf8' }).stderr).toBe('page version 1.2.3 true\n');
});

test('an interrupted build leaves nothing', patient, async () => {
  const part = await makeTinyPart(goodSource);
  if (!hasGo) return await expect(build(part)).rejects.toThrow(noGo);
  await expect(build(part, { signal: AbortSignal.abort() })).rejects.toThrow('nothing half built is left');
  expect(await readdir(join(cache, 'tiny'))).toEqual([]);
});

test('a go.mod that disagrees with versions.env is not built', async () => {
  const part = { ...(await makeTinyPart(goodSource)), moduleVersion: 'v1.2.4' };
  await expect(build(part)).rejects.toThrow(hasGo ? 'compose/versions.env wants v1.2.4' : noGo);
});

test.for([
  ['go1.20.1', 'auto', 'Go 1.20.1 is too old: tiny needs Go 1.21 or newer'],
  ['go1.9', 'local', 'Go 1.9 is too old'],
] as const)('Go %s with GOTOOLCHAIN=%s is too old', async ([release, toolchain, message]) => {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'go'), `#!/bin/sh\necho ${release}\necho ${toolchain}\n`, { mode: 0o755 });
  await expect(build(await makeTinyPart(goodSource), { env: { PATH: bin } })).rejects.toThrow(message);
});
