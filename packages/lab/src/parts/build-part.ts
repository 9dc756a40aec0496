import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { CommandError } from '@vmobs/settings';
import { buildFromMaven } from './build-from-maven.ts';
import { requireGo, runGo } from './go.ts';
import { requireJava } from './maven.ts';
import type { GoPart, Part } from './part.ts';
import { putIntoCache } from './part-cache.ts';
import { ToolError, type ToolOptions } from './run-tool.ts';
import { findVersionDrift } from './version-drift.ts';

/** Options of `buildPart`. */
export interface BuildOptions extends ToolOptions {
  /** Cache folder that the part is put into. */
  readonly cache: string;
}

/**
 * Builds the programs of a part and puts them into the cache, all or none.
 *
 * @returns the folder that they are in.
 * @throws MissingToolError when Go, Java or Maven is missing or too old.
 * @throws CommandError when the folder of the part and versions.env disagree, and with the end of what the tool said when the
 * build fails.
 */
export async function buildPart(part: Part, options: BuildOptions): Promise<string> {
  if ('module' in part) await requireGo(part, options.env);
  else await requireJava(part, options.env);
  const drift = await findVersionDrift(part);
  if (drift.length > 0) throw new CommandError(drift.join('\n'));
  try {
    return await putIntoCache(part, options.cache, async (output) => {
      if (!('module' in part)) await buildFromMaven(part, output, options);
      else if (part.additions === undefined) await runGo(part.folder, buildArguments(part, output), options);
      else await buildFromCopy(part, part.additions, output, options);
    });
  } catch (error) {
    if (options.signal.aborted) {
      throw new CommandError(`${part.name} was not built: interrupted; nothing half built is left`);
    }
    if (!(error instanceof ToolError)) throw error;
    throw new CommandError(`${part.name} ${part.version} could not be built: ${error.message}`);
  }
}

/** Builds from a copy of the module, to which the files are added that it does not carry. */
async function buildFromCopy(
  part: GoPart,
  additions: Readonly<Record<string, string>>,
  output: string,
  options: BuildOptions,
): Promise<void> {
  const workspace = await mkdtemp(join(tmpdir(), `vmobs-parts-${part.name}-`));
  try {
    await cp(part.folder, workspace, { recursive: true });
    await runGo(workspace, ['mod', 'download', part.module], options);
    const original = await runGo(workspace, ['list', '-m', '-f={{.Dir}}', part.module], options);
    const copy = join(workspace, 'module');
    await cp(original.trim(), copy, { recursive: true });
    await makeWritable(copy);
    for (const [path, file] of Object.entries(additions)) await addFile(join(part.folder, file), join(copy, path));
    await runGo(workspace, ['mod', 'edit', `-replace=${part.module}=${copy}`], options);
    await runGo(workspace, buildArguments(part, output), options);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** Lets files be added to a copy of the module cache, whose folders are read-only, and lets it be removed. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
}

/** Copies a file, compressed when the name of the copy says so. */
async function addFile(from: string, to: string): Promise<void> {
  const compress: Readonly<Record<string, (content: Buffer) => Buffer>> = {
    '.gz': gzipSync,
    '.br': brotliCompressSync,
  };
  const content = await readFile(from);
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, compress[extname(to)]?.(content) ?? content);
}

function buildArguments(part: GoPart, output: string): string[] {
  const { versionSymbol, versionStamp = '{version}' } = part;
  return [
    'build',
    '-v',
    // With the very modules of go.mod and go.sum, or not at all.
    '-mod=readonly',
    // Without paths of this machine, so that the same sources give the same program.
    '-trimpath',
    `-tags=${(part.tags ?? []).join(',')}`,
    `-ldflags=-s -w -X ${versionSymbol}=${versionStamp.replace('{version}', part.version)}`,
    `-o=${output}/`,
    ...part.programs.map((program) => program.package),
  ];
}
