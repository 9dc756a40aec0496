import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findGoPrograms, fingerprintProgram, type GoProgram } from './go-programs.ts';
import { findStaleEntries, readGoModules, readRecord, writeRecord } from './licence-record.ts';
import { judge } from './policy.ts';

const root = join(import.meta.dirname, '../../..');
const recipe = {
  name: 'tiny',
  summary: 'a part',
  programs: [{ name: 'tiny', package: 'example.com/tiny/cmd' }],
  variables: 'TINY',
  module: 'example.com/tiny',
  versionSymbol: 'main.version',
  tags: ['small'],
  minutes: 1,
};

let folder: string;
let program: GoProgram;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-licences-'));
  await mkdir(join(folder, 'parts/tiny'), { recursive: true });
  await writeFile(join(folder, 'parts/tiny/go.mod'), 'module tiny\n');
  await writeFile(join(folder, 'parts/tiny/go.sum'), '');
  const [found] = await findGoPrograms(folder, [recipe]);
  if (found === undefined) throw new Error('the planted program was not found');
  program = found;
});
afterEach(() => rm(folder, { recursive: true }));

/** Keeps a record that fits the planted program. */
async function keepRecord(modules: Readonly<Record<string, string>> = {}) {
  const fingerprint = await fingerprintProgram(folder, program);
  const programs = { [program.folder]: { fingerprint, platforms: ['linux/amd64'], modules } };
  await writeFile(join(folder, 'parts/licences.json'), writeRecord({ programs, mavenParts: {} }));
}

/** What is wrong with the record of the planted repository. */
async function findStale(programs: readonly GoProgram[] = [program]): Promise<string[]> {
  return findStaleEntries(folder, { programs, mavenParts: [] }, await readRecord(folder));
}

test('a part is built as its recipe says', () => {
  expect(program).toEqual({
    folder: 'parts/tiny',
    packages: ['example.com/tiny/cmd'],
    tags: ['small'],
    module: 'example.com/tiny',
  });
});

test('a part without a recipe is refused', async () => {
  await expect(findGoPrograms(folder, [])).rejects.toThrow('parts/tiny has no recipe for a Go module');
});

test('all Go modules are found: the parts and the others of the repository', async () => {
  const folders = (await findGoPrograms(root)).map((found) => found.folder);
  expect(folders).toContain('parts/prometheus');
  expect(folders).toContain('bench/peers/go-promhttp');
});

test('a record that fits is not stale', async () => {
  await keepRecord();
  expect(await findStale()).toEqual([]);
});

test.each(['go.mod', 'go.sum', 'main.go'])('a change of %s makes the record stale', async (name) => {
  await keepRecord();
  await appendFile(join(folder, 'parts/tiny', name), '// changed\n');
  expect(await findStale()).toEqual([
    'parts/licences.json has parts/tiny with other files or another recipe; run `npx -y pnpm@12 generate:licences --only=parts/tiny`, which needs Go',
  ]);
});

test('other build tags or packages make the record stale', async () => {
  await keepRecord();
  expect(await findStale([{ ...program, tags: [] }])).toHaveLength(1);
  expect(await findStale([{ ...program, packages: ['.'] }])).toHaveLength(1);
});

test('a change of a file that nothing is built from leaves the record valid', async () => {
  await keepRecord();
  await writeFile(join(folder, 'parts/tiny/README.md'), '# Tiny\n');
  expect(await findStale()).toEqual([]);
});

test('a program without an entry and an entry without a program are reported', async () => {
  expect(await findStale()).toEqual([expect.stringContaining('has no parts/tiny')]);
  await keepRecord();
  expect(await findStale([])).toEqual([expect.stringContaining('has parts/tiny, which is gone')]);
});

test('a module under the AGPL in the record is refused, with its program', async () => {
  await keepRecord({ 'example.com/fine@v1.0.0': 'MIT', 'example.com/planted/v2@v2.0.0': 'AGPL-3.0' });
  expect(judge(readGoModules(await readRecord(folder)), [])).toEqual([
    expect.stringMatching(/^Go module example\.com\/planted\/v2 v2\.0\.0 of parts\/tiny is under AGPL-3\.0,/),
  ]);
});
