import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runGo, type ToolOptions } from '@vmobs/lab/toolchains';
import type { GoProgram } from './go-programs.ts';

/** Systems that the parts are built on. */
export const platforms = ['linux/amd64', 'linux/arm64', 'darwin/amd64', 'darwin/arm64'];

/** A module that a program links. */
export interface LinkedModule {
  /** `path@version`; for a replaced module, those of its replacement. */
  readonly id: string;
  /** Its folder in the module cache. */
  readonly folder: string;
  /** Folders of its linked packages. */
  readonly packages: ReadonlySet<string>;
}

/** A package in the output of `go list -json`. */
interface GoPackage {
  readonly ImportPath: string;
  readonly Dir?: string;
  readonly Module?: GoModule & { readonly Main?: boolean; readonly Replace?: GoModule };
  readonly Error?: { readonly Err: string };
}

interface GoModule {
  readonly Path: string;
  readonly Version?: string;
  readonly Dir?: string;
}

/**
 * The modules that a program links on a system, without Go's standard library. Modules that `go.mod` requires but nothing links
 * are left out.
 *
 * @returns `undefined` when it cannot be built there, because `go.sum` lacks a module that only this system needs.
 * @throws Error when a package cannot be read for another reason.
 */
export async function listLinkedModules(
  root: string,
  { folder, packages, tags }: GoProgram,
  platform: string,
  options: ToolOptions,
): Promise<LinkedModule[] | undefined> {
  const [system, processor] = platform.split('/');
  const fields = '-json=ImportPath,Dir,Module,Error';
  const output = await runGo(
    join(root, folder),
    // -e, because a module may embed files that it does not contain and that are added when it is built.
    ['list', '-e', '-mod=readonly', '-deps', `-tags=${tags.join(',')}`, fields, ...packages],
    { ...options, env: { ...options.env, GOOS: system, GOARCH: processor } },
  );
  const listed = parsePackages(output);
  const errors = listed.flatMap(({ Error: error }) => (error === undefined ? [] : [error.Err]));
  if (errors.some((error) => error.startsWith('missing go.sum entry'))) return undefined;
  const unexpected = errors.find((error) => !/^pattern .*: no matching files found$/.test(error));
  if (unexpected !== undefined) throw new Error(`${folder} on ${platform}: ${unexpected}`);
  return collectModules(listed);
}

/** `go list` writes one object after the other. */
function parsePackages(output: string): GoPackage[] {
  return JSON.parse(`[${output.replace(/^\}\n\{/gm, '},\n{')}]`);
}

function collectModules(listed: readonly GoPackage[]): LinkedModule[] {
  const modules = new Map<string, LinkedModule & { readonly packages: Set<string> }>();
  for (const { Dir: folder, Module: module } of listed) {
    if (folder === undefined || module === undefined || module.Main === true) continue;
    const source = module.Replace ?? module;
    // A module replaced by a folder has no version.
    const id = source.Version === undefined ? `${module.Path}@folder` : `${source.Path}@${source.Version}`;
    const known = modules.get(id) ?? { id, folder: source.Dir ?? module.Dir ?? folder, packages: new Set() };
    known.packages.add(folder);
    modules.set(id, known);
  }
  return [...modules.values()];
}

/** Names of licence files. NOTICE and PATENTS are not among them: they only accompany a licence. */
const licenceFile = /^(un)?licen[cs]e|^copying|licen[cs]e(\.(md|txt|markdown|rst))?$/i;

/** Licence files that apply to packages of a module: those in their folders, and in the folders above up to the module's. */
export async function findLicenceFiles({ folder, packages }: LinkedModule): Promise<string[]> {
  const folders = new Set<string>([folder]);
  for (let current of packages) {
    for (; current.length > folder.length; current = dirname(current)) folders.add(current);
  }
  const files = [...folders].map(async (path) => {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && licenceFile.test(entry.name) && !entry.name.endsWith('.go'))
      .map((entry) => join(path, entry.name));
  });
  return (await Promise.all(files)).flat().sort();
}
