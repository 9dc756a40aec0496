import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareJars } from './build-from-maven.ts';
import { buildPart } from './build-part.ts';
import type { MavenPart } from './part.ts';
import { findCached } from './part-cache.ts';

const hasJava = ['javac', 'java'].every((tool) => spawnSync(tool, ['-version']).status === 0);

let folder: string;
let cache: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-build-from-maven-'));
  cache = join(folder, 'cache');
  await mkdir(join(folder, 'bin'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Puts a program on the PATH of the builds that does what this script says. */
async function placeTool(name: string, script: string): Promise<void> {
  await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** An archive without files. */
const emptyJar = Buffer.concat([Buffer.from('PK\u0005\u0006'), Buffer.alloc(18)]);

/** A part whose only jar is empty, built by a program instead of Maven. */
async function makeTinyPart(): Promise<MavenPart> {
  const own = join(folder, 'tiny');
  await mkdir(own);
  await writeFile(join(folder, 'a.jar'), emptyJar);
  // The last flag names the folder that the jars come to.
  const copy = `for flag; do lib=$(echo "$flag" | cut -d= -f2); done; mkdir -p "$lib" && cp ${folder}/a.jar "$lib"`;
  await placeTool('mvn', `[ "$1" = --version ] || { ${copy}; }`);
  await writeFile(join(own, 'pom.xml'), '<properties><tiny.version>1.2.3</tiny.version></properties>');
  const checksum = createHash('sha256').update(emptyJar).digest('hex');
  await writeFile(join(own, 'jars.sha256'), `${checksum}  a.jar\n`);
  await writeFile(
    join(own, 'Tiny.java'),
    'class Tiny { public static void main(String[] a) { System.out.println("tiny version 1.2.3"); } }',
  );
  await writeFile(join(own, 'tiny'), '#!/bin/sh\nexec java -cp "$(dirname "$0")/classes" Tiny\n');
  return {
    name: 'tiny',
    summary: 'prints its version',
    programs: [{ name: 'tiny' }],
    variables: 'TINY',
    versionProperty: 'tiny.version',
    java: 17,
    isForTests: false,
    minutes: 1,
    version: '1.2.3',
    imageVersion: '1.2.3',
    folder: own,
  };
}

function build(part: MavenPart, path = `${join(folder, 'bin')}:${process.env['PATH']}`): Promise<string> {
  const env = { ...process.env, PATH: path };
  return buildPart(part, { cache, env, onStep: () => undefined, signal: new AbortController().signal });
}

test('a part is built whole and starts, and is rebuilt when its folder changes', async () => {
  const part = await makeTinyPart();
  if (!hasJava) return await expect(build(part)).rejects.toThrow('javac is not on PATH');
  const built = await build(part);
  expect((await readdir(built)).sort()).toEqual(['built-from', 'classes', 'lib', 'tiny']);
  expect(spawnSync(join(built, 'tiny'), { encoding: 'utf8' }).stdout).toBe('tiny version 1.2.3\n');
  expect(await findCached(part, cache)).toBe(built);
  await writeFile(join(part.folder, 'Tiny.java'), 'class Tiny {}');
  expect(await findCached(part, cache)).toBeUndefined();
});

test('a jar with another content is refused, and nothing is left', async () => {
  const part = await makeTinyPart();
  await placeTool('javac', 'echo javac 17.0.1');
  await writeFile(join(part.folder, 'jars.sha256'), `${'0'.repeat(64)}  a.jar\n`);
  await expect(build(part)).rejects.toThrow(/tiny 1\.2\.3 could not be built: a\.jar is another than that/);
  expect(await readdir(join(cache, 'tiny'))).toEqual([]);
});

test('what Maven says is in the message when it fails', async () => {
  const part = await makeTinyPart();
  await placeTool('javac', 'echo javac 17.0.1');
  await placeTool('mvn', '[ "$1" = --version ] || { echo "[ERROR] no such artifact"; exit 1; }');
  await expect(build(part)).rejects.toThrow(
    /"mvn --batch-mode" in .* ended with status 1.*\[ERROR\] no such artifact/s,
  );
});

test('a pom.xml that disagrees with versions.env is not built', async () => {
  const part = await makeTinyPart();
  await placeTool('javac', 'echo javac 17.0.1');
  await expect(build({ ...part, version: '1.2.4' })).rejects.toThrow(
    'parts/tiny/pom.xml has tiny.version 1.2.3, compose/versions.env wants 1.2.4',
  );
});

test.for([
  ['javac is missing', undefined, 'true', 'javac is not on PATH or does not work: tiny needs it; install a JDK 17'],
  ['Java is too old', 'echo javac 11.0.2', 'true', 'Java 11 is too old: tiny needs 17'],
  ['Maven is missing', 'echo javac 17.0.1', undefined, 'mvn is not on PATH'],
] as const)('it is said when %s', async ([, javac, mvn, message]) => {
  const part = await makeTinyPart();
  await rm(join(folder, 'bin/mvn'));
  if (javac !== undefined) await placeTool('javac', javac);
  if (mvn !== undefined) await placeTool('mvn', mvn);
  await expect(build(part, join(folder, 'bin'))).rejects.toThrow(message);
});

test('each jar that differs from the list is reported', () => {
  const found = new Map(Object.entries({ 'a.jar': 'aa', 'b.jar': 'bb', 'd.jar': 'dd' }));
  expect(compareJars('aa  a.jar\nbc  b.jar\ncc  c.jar\n', found)).toEqual([
    'b.jar is another than that of jars.sha256: its checksum is bb, not bc',
    'c.jar is in jars.sha256, and pom.xml does not need it; remove the line',
    'd.jar is not in jars.sha256; add the line "dd  d.jar"',
  ]);
});
