import { createHash } from 'node:crypto';
import { glob, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const notOurs = new Set(['node_modules', '.git', 'dist']);

/** Paths from the root of all files with a name, sorted; folders of installed and built files are skipped. */
export async function findFiles(root: string, name: string): Promise<string[]> {
  const found = glob(`**/${name}`, {
    cwd: root,
    exclude: (path) => notOurs.has(path.slice(path.lastIndexOf('/') + 1)),
  });
  return (await Array.fromAsync(found)).sort();
}

/** A hash of the files of a folder with matching names, and of a recipe. */
export async function fingerprint(folder: string, names: RegExp, recipe: object = {}): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(recipe));
  for (const name of (await readdir(folder)).filter((entry) => names.test(entry)).sort()) {
    const content = await readFile(join(folder, name));
    hash.update(`\n${name} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}
