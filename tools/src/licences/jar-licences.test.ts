import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Jar, licenceOf } from './jar-licences.ts';
import { findStaleEntries, readJars, readRecord, recordFile } from './licence-record.ts';
import { findMavenParts } from './maven-parts.ts';
import { judge } from './policy.ts';
import { recordLicences } from './record-licences.ts';

const part = 'parts/opensearch';
const checksum = 'a'.repeat(64);

/** A jar whose pom declares these licences. */
function plant(licenses: NonNullable<Jar['licenses']>, name = 'planted'): Jar {
  return { group: 'com.example', name, version: '1.0', hashes: [{ alg: 'SHA-256', content: checksum }], licenses };
}

const mit = plant([{ license: { id: 'MIT' } }]);

let root: string;
let bin: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vmobs-jar-licences-'));
  bin = join(root, 'bin');
  await mkdir(join(root, part), { recursive: true });
  await mkdir(bin);
  await writeFile(join(root, part, 'pom.xml'), '<project/>\n');
  await writeFile(join(root, part, 'jars.sha256'), `${checksum}  planted-1.0.jar\n`);
  await placeTool('javac', 'echo javac 17.0.1');
  // In the place of Maven: a file of the test goes to the folder that the third argument names.
  const output = 'output=$(echo "$3" | cut -d= -f2)';
  await placeTool('mvn', `[ "$1" = --version ] || { ${output}; cat ${root}/jars.json > "$output/jars.json"; }`);
});
afterEach(() => rm(root, { recursive: true }));

async function placeTool(name: string, script: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Records the licences of the part, whose jars are these. @returns what was said */
async function record(components: readonly Jar[], options: { only?: string[]; path?: string } = {}): Promise<string[]> {
  const { path = `${bin}:${process.env['PATH']}`, ...which } = options;
  await writeFile(join(root, 'jars.json'), JSON.stringify({ components }));
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  const env = { ...process.env, PATH: path };
  const { signal } = new AbortController();
  await recordLicences(root, { ...which, isCheck: false, say, env, onStep: () => {}, signal });
  return said;
}

async function findStale(): Promise<string[]> {
  return await findStaleEntries(root, { programs: [], mavenParts: await findMavenParts(root) }, await readRecord(root));
}

test.each([
  ['the AGPL', { license: { id: 'AGPL-3.0-only' } }, 'is under AGPL-3.0-only, which is not allowed where it is built'],
  ['the SSPL', { license: { id: 'SSPL-1.0' } }, 'is under SSPL-1.0, which is not allowed'],
  ['the GPL', { license: { id: 'GPL-2.0-only' } }, 'is under GPL-2.0-only, which is not allowed'],
  [
    'an unknown name',
    { license: { name: 'Sunday License' } },
    'is under "Sunday License", which is not an SPDX licence',
  ],
] as const)('a jar under %s is recorded and refused', async (_, licence, problem) => {
  expect(await record([plant([licence])])).toEqual([`${part}: 1 jars`]);
  expect(judge(readJars(await readRecord(root)), [])).toEqual([
    expect.stringContaining(`jar com.example:planted 1.0 of ${part} ${problem}`),
  ]);
});

test('a jar without a licence is refused', async () => {
  await record([plant([])]);
  expect(judge(readJars(await readRecord(root)), [])).toEqual([expect.stringContaining('LicenseRef-unknown')]);
});

test('a jar with an allowed licence is accepted, and the record is not stale', async () => {
  await record([mit]);
  expect(judge(readJars(await readRecord(root)), [])).toEqual([]);
  expect(await findStale()).toEqual([]);
});

test.each(['pom.xml', 'jars.sha256'])('a change of %s makes the record stale', async (name) => {
  await record([mit]);
  await appendFile(join(root, part, name), '\n');
  expect(await findStale()).toEqual([
    `${recordFile} has ${part} with other files or another recipe; run \`npx -y pnpm@12 generate:licences --only=${part}\`, which needs a JDK and Maven`,
  ]);
});

test('a part without an entry is reported', async () => {
  expect(await findStale()).toEqual([expect.stringContaining(`${recordFile} has no ${part};`)]);
});

test('jars that are not those of jars.sha256 are not recorded', async () => {
  await expect(record([plant([], 'another')])).rejects.toThrow(
    /^the jars of parts\/opensearch: another-1\.0\.jar is not in jars\.sha256; .*\nplanted-1\.0\.jar is in jars\.sha256/,
  );
});

test('without Maven the jars stay as they are, and it is said', async () => {
  await record([mit]);
  const before = await readFile(join(root, recordFile), 'utf8');
  await rm(join(bin, 'mvn'));
  expect(await record([], { path: bin })).toEqual([
    expect.stringContaining(`${part}: unchanged; mvn is not on PATH or does not work`),
  ]);
  expect(await readFile(join(root, recordFile), 'utf8')).toBe(before);
  await expect(record([], { path: bin, only: [part] })).rejects.toThrow('mvn is not on PATH');
});

test('a pom.xml in a folder without a recipe is refused', async () => {
  await expect(findMavenParts(root, [])).rejects.toThrow(`${part} has no Maven recipe`);
});

test.each([
  ['one', [{ license: { id: 'MIT' } }], 'MIT'],
  ['a choice', [{ license: { id: 'LGPL-2.1-or-later' } }, { license: { id: 'MIT' } }], 'LGPL-2.1-or-later OR MIT'],
  ['an expression in a choice', [{ expression: 'MIT AND ISC' }, { license: { id: '0BSD' } }], '(MIT AND ISC) OR 0BSD'],
  ['a choice with an unknown name', [{ license: { id: 'MIT' } }, { license: { name: 'Ours' } }], 'MIT OR Ours'],
] as const)('the licence of a jar: %s', (_, licenses, licence) => {
  expect(licenceOf(plant(licenses))).toBe(licence);
});

test('an ambiguous pom gets the licence of its sources until it changes', () => {
  const declaring = (id: string) => ({ ...plant([{ license: { id } }], 'jzlib'), group: 'com.jcraft' });
  expect(licenceOf(declaring('BSD-4-Clause'))).toBe('BSD-3-Clause');
  expect(licenceOf(declaring('AGPL-3.0-only'))).toBe('AGPL-3.0-only');
});
