import { createHash } from 'node:crypto';
import { chmod, copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runMaven } from './maven.ts';
import type { MavenPart } from './part.ts';
import { runTool, ToolError, type ToolOptions } from './run-tool.ts';

/**
 * Fills a folder with what a part needs to run: the jars of its `pom.xml` in `lib`, compared with `jars.sha256`, its sources
 * compiled in `classes`, and its programs.
 *
 * @throws ToolError when Maven or the compiler fails, and when a jar is not the one that it must be.
 */
export async function buildFromMaven(part: MavenPart, output: string, options: ToolOptions): Promise<void> {
  const lib = join(output, 'lib');
  const copyJars = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${lib}`];
  await runMaven(part.folder, copyJars, options);
  const drift = compareJars(await readFile(join(part.folder, 'jars.sha256'), 'utf8'), await hashJars(lib));
  if (drift.length > 0) throw new ToolError(drift.join('\n'));

  const sources = (await readdir(part.folder)).filter((name) => name.endsWith('.java'));
  const compile = ['--release', `${part.java}`, '-d', join(output, 'classes'), '-cp', join(lib, '*'), ...sources];
  await runTool({ tool: 'javac', folder: part.folder, args: compile, describeStep: () => undefined }, options);
  for (const { name } of part.programs) {
    await copyFile(join(part.folder, name), join(output, name));
    await chmod(join(output, name), 0o755);
  }
}

/** Checksums by the name of the file. */
type Checksums = ReadonlyMap<string, string>;

async function hashJars(lib: string): Promise<Checksums> {
  const names = (await readdir(lib)).sort();
  const hash = async (name: string) =>
    createHash('sha256')
      .update(await readFile(join(lib, name)))
      .digest('hex');
  return new Map(await Promise.all(names.map(async (name) => [name, await hash(name)] as const)));
}

/**
 * Compares jars with a list as `sha256sum` writes it.
 *
 * @returns a sentence for each jar that is missing, is not in the list, or is another; none when they agree.
 */
export function compareJars(list: string, found: Checksums): string[] {
  const wanted = new Map(list.split('\n').flatMap((line) => (line === '' ? [] : [splitLine(line)])));
  const names = [...new Set([...wanted.keys(), ...found.keys()])].sort();
  return names.flatMap((name) => {
    const [is, mustBe] = [found.get(name), wanted.get(name)];
    if (is === mustBe) return [];
    if (is === undefined) return [`${name} is in jars.sha256, and pom.xml does not need it; remove the line`];
    if (mustBe === undefined) return [`${name} is not in jars.sha256; add the line "${is}  ${name}"`];
    return [`${name} is another than that of jars.sha256: its checksum is ${is}, not ${mustBe}`];
  });
}

function splitLine(line: string): [name: string, checksum: string] {
  const [checksum = '', name = ''] = line.split(/ +/);
  return [name, checksum];
}
