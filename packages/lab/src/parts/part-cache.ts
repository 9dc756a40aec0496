import { createHash } from 'node:crypto';
import { access, chmod, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import type { Part } from './part.ts';

/** Beside the programs: what they were built from. */
const digestFile = 'built-from';

/** The cache folder by the XDG convention. It is outside the work tree, so `git clean` leaves it and every clone shares it. */
export function defaultCache(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'vmobs/parts');
}

/**
 * Where a part is in the cache.
 *
 * @returns its folder; `undefined` when it is not there, or was built from another recipe or other files of its folder under
 * parts/ than those of now.
 */
export async function findCached(part: Part, cache: string): Promise<string | undefined> {
  const folder = cachedFolder(part, cache);
  const builtFrom = await readFile(join(folder, digestFile), 'utf8').catch(() => undefined);
  if (builtFrom !== (await digestOf(part))) return undefined;
  try {
    for (const { name } of part.programs) await access(join(folder, name), constants.X_OK);
    return folder;
  } catch {
    return undefined;
  }
}

/**
 * Puts a part into the cache as a whole or not at all: it is made in a folder of its own, which then takes its place.
 *
 * @param make fills the folder that it is given.
 * @returns the folder of the part.
 * @throws what `make` throws; nothing is left then.
 */
export async function putIntoCache(
  part: Part,
  cache: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = cachedFolder(part, cache);
  const parent = join(folder, '..');
  await mkdir(parent, { recursive: true });
  const fresh = await mkdtemp(join(parent, `.building-${basename(folder)}-`));
  const old = `${fresh}-old`;
  try {
    // What it is built from must not change meanwhile unnoticed: so the digest is of before.
    const digest = await digestOf(part);
    await make(fresh);
    await writeFile(join(fresh, digestFile), digest);
    // A temporary folder is its owner's alone; programs are for all.
    await chmod(fresh, 0o755);
    await rename(folder, old).catch(ignoreMissing);
    await rename(fresh, folder);
    return folder;
  } finally {
    await Promise.all([fresh, old].map((path) => rm(path, { recursive: true, force: true })));
  }
}

function cachedFolder({ name, version }: Part, cache: string): string {
  return join(cache, name, version);
}

/** Identifies all that the programs of a part depend on, besides the release of Go or Java. */
async function digestOf(part: Part): Promise<string> {
  const { programs, version } = part;
  const { versionSymbol, versionStamp, tags, additions } = 'module' in part ? part : {};
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify({
      programs,
      versionSymbol,
      versionStamp,
      tags,
      additions,
      version,
      on: [process.platform, process.arch],
    }),
  );
  for (const file of (await readdir(part.folder)).sort()) {
    const content = await readFile(join(part.folder, file));
    hash.update(`\n${file} ${content.length}\n`).update(content);
  }
  return `${hash.digest('hex')}\n`;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
