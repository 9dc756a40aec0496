import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGo, type ToolOptions } from '@vmobs/lab/toolchains';
import { findLicenceFiles, type LinkedModule, listLinkedModules, platforms } from './go-linked.ts';
import { fingerprintProgram, type GoProgram } from './go-programs.ts';
import { inOrder, type LinkedModules } from './licence-record.ts';
import { unknownLicence } from './policy.ts';

/** The program that identifies the licences in a file, from the root. */
const namingProgram = join(import.meta.dirname, '../../licence-names');

/** If a smaller share of a file is known text, in percent, it may contain other licences. pkg.go.dev uses the same limit. */
const leastKnown = 75;

/** The result for a file. */
interface NamedFile {
  readonly path: string;
  readonly percent: number;
  readonly licences: readonly string[];
}

/**
 * Finds the modules that a program links on any system and the licences of each, from the files in the module cache.
 *
 * @throws ToolError when Go cannot list the modules or run the program that names licences.
 */
export async function findLinkedLicences(
  root: string,
  program: GoProgram,
  options: ToolOptions,
): Promise<LinkedModules> {
  const modules = new Map<string, LinkedModule & { readonly packages: Set<string> }>();
  const buildable: string[] = [];
  for (const platform of platforms) {
    const linked = await listLinkedModules(root, program, platform, options);
    if (linked === undefined) continue;
    buildable.push(platform);
    for (const { id, folder, packages } of linked) {
      const known = modules.get(id) ?? { id, folder, packages: new Set<string>() };
      for (const path of packages) known.packages.add(path);
      modules.set(id, known);
    }
  }
  const files = new Map<string, string[]>();
  for (const module of modules.values()) files.set(module.id, await findLicenceFiles(module));
  const named = await nameLicences([...files.values()].flat(), options);
  const licences = [...files].map(([id, paths]) => [id, joinLicences(paths.map((path) => named.get(path)))] as const);
  return {
    fingerprint: await fingerprintProgram(root, program),
    platforms: buildable,
    modules: inOrder(Object.fromEntries(licences)),
  };
}

/** Identifies the licences of files, by path. */
async function nameLicences(files: readonly string[], options: ToolOptions): Promise<Map<string, NamedFile>> {
  const scratch = await mkdtemp(join(tmpdir(), 'vmobs-licences-'));
  try {
    const list = join(scratch, 'files');
    await writeFile(list, files.map((file) => `${file}\n`).join(''));
    const output = await runGo(namingProgram, ['run', '.', list], options);
    const lines = output.split('\n').filter((line) => line !== '');
    return new Map(lines.map((line): NamedFile => JSON.parse(line)).map((file) => [file.path, file]));
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/**
 * The licence of a module from its files. All licences found apply together, because the texts in a file do not tell whether it
 * offers a choice.
 */
export function joinLicences(files: readonly (Omit<NamedFile, 'path'> | undefined)[]): string {
  const found = files.flatMap((file) =>
    file === undefined || file.percent < leastKnown ? [unknownLicence] : file.licences,
  );
  return found.length === 0 ? unknownLicence : [...new Set(found)].sort().join(' AND ');
}
