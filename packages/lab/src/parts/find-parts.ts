import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Part, readParts } from './part.ts';
import { defaultCache, findCached } from './part-cache.ts';
import { askVersion, doesVersionFit } from './program-version.ts';
import type { Program, ProgramName } from './recipes.ts';

/** Where to search for programs. */
export interface FindOptions {
  /** Environment with `PATH` and `VMOBS_PARTS_CACHE`. @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Cache folder. @default `VMOBS_PARTS_CACHE`, then the XDG cache folder */
  readonly cache?: string;
  /** Repository with the versions. @default this one */
  readonly root?: string;
}

/** A program that was found. */
export interface FoundProgram {
  readonly path: string;
  readonly version: string;
  readonly from: 'path' | 'cache';
}

/**
 * Finds a program of a part: first in the cache of `pnpm parts`, then on PATH if its version matches.
 *
 * @returns `undefined` when it is in neither; `pnpm parts` builds it.
 * @throws CommandError when the versions cannot be read.
 */
export async function findPart(name: ProgramName, options: FindOptions = {}): Promise<FoundProgram | undefined> {
  for (const part of await readParts(options.root)) {
    const program = part.programs.find((candidate) => candidate.name === name);
    if (program !== undefined) return await findProgram(part, program, options);
  }
  return undefined;
}

/** Finds one program of a part. */
export async function findProgram(
  part: Part,
  program: Program,
  options: FindOptions = {},
): Promise<FoundProgram | undefined> {
  const { env = process.env } = options;
  const cache = options.cache ?? (env['VMOBS_PARTS_CACHE'] || defaultCache(env));
  const folder = await findCached(part, cache);
  if (folder !== undefined) return { path: join(folder, program.name), version: part.version, from: 'cache' };

  const nameOnPath = program.nameOnPath ?? program.name;
  for (const directory of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, nameOnPath);
    if (directory === '' || !(await isExecutable(path))) continue;
    const version = await askVersion(path);
    const fits = [part.version, part.imageVersion].some(
      (wanted) => version !== undefined && doesVersionFit(version, wanted),
    );
    if (version !== undefined && fits) return { path, version, from: 'path' };
  }
  return undefined;
}

/** Finds all programs of a part. @returns `undefined` if one is missing */
export async function findAllPrograms(part: Part, options: FindOptions = {}): Promise<FoundProgram[] | undefined> {
  const found: FoundProgram[] = [];
  for (const program of part.programs) {
    const one = await findProgram(part, program, options);
    if (one === undefined) return undefined;
    found.push(one);
  }
  return found;
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * A line for each program: its name, the wanted version, and its path or that it is not built.
 *
 * Columns are separated by at least two spaces, so that scripts can split them.
 */
export async function listParts(parts: readonly Part[], options: FindOptions): Promise<string[]> {
  const lines: string[] = [];
  for (const part of parts) {
    for (const program of part.programs) {
      const found = await findProgram(part, program, options);
      const where =
        found === undefined ? `not built, about ${part.minutes} min` : `${found.from} ${found.version} ${found.path}`;
      lines.push(`${program.name.padEnd(15)}  ${part.version.padEnd(8)}  ${where}`);
    }
  }
  return lines;
}
