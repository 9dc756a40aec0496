import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { normaliseLicence } from './expression.ts';
import { type LockedPackages, type PnpmLock, readLockedPackages } from './npm-lock.ts';
import type { Dependency } from './policy.ts';

/** A package in the output of `pnpm licenses list --json`. */
interface ReportedPackage {
  readonly name: string;
  readonly versions: readonly string[];
}

/** The output of `pnpm licenses list --json`: packages by licence. */
export type LicenceReport = Readonly<Record<string, readonly ReportedPackage[]>>;

/** The packages of the workspace. */
export interface NpmPackages {
  /** Packages that every machine installs. */
  readonly everywhere: readonly Dependency[];
  /** Further packages of this machine, for its operating system and processor. */
  readonly here: readonly Dependency[];
  /** Number of packages in the lock file for some machines only. */
  readonly elsewhere: number;
  /** Packages that every machine installs and whose licence pnpm did not report, each as `name@version`. */
  readonly unreported: readonly string[];
}

/**
 * Asks pnpm for the licences of all installed packages, including tools and tests.
 *
 * @throws Error when pnpm is not on PATH, or fails.
 */
export async function readNpmPackages(root: string): Promise<NpmPackages> {
  const lock: PnpmLock = parse(await readFile(join(root, 'pnpm-lock.yaml'), 'utf8'));
  // Without --recursive, pnpm reports only the root, which has a third of all packages.
  const args = ['licenses', 'list', '--recursive', '--json'];
  const { stdout } = await promisify(execFile)('pnpm', args, { cwd: root, maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: Error) => {
      throw new Error(`cannot read the licences of npm packages; pnpm must be on PATH: ${error.message}`);
    },
  );
  return sortPackages(JSON.parse(stdout), readLockedPackages(lock));
}

/** Combines the report of pnpm with the lock file. */
export function sortPackages(report: LicenceReport, locked: LockedPackages): NpmPackages {
  const reported = Object.entries(report).flatMap(([text, packages]) => {
    const licence = normaliseLicence(text);
    return packages.flatMap(({ name, versions }) =>
      versions.map((version) => toDependency({ name, version, licence }, locked)),
    );
  });
  const sorted = reported.sort((left, right) => (idOf(left) < idOf(right) ? -1 : 1));
  const known = new Set(sorted.map(idOf));
  return {
    everywhere: sorted.filter((dependency) => locked.everywhere.has(idOf(dependency))),
    here: sorted.filter((dependency) => !locked.everywhere.has(idOf(dependency))),
    elsewhere: locked.elsewhere,
    unreported: [...locked.everywhere].filter((id) => !known.has(id)).sort(),
  };
}

function toDependency(
  found: Pick<Dependency, 'name' | 'version' | 'licence'>,
  { shipped }: LockedPackages,
): Dependency {
  return { kind: 'npm package', ...found, use: shipped.has(idOf(found)) ? 'shipped' : 'at work' };
}

function idOf({ name, version }: Pick<Dependency, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/** The part of a `package-lock.json` that is read here: npm writes the licence of each package into it. */
interface NpmLock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly license?: string }>>;
}

/** Reads the packages of an npm lock file: the peers of the benchmarks, which are not part of the workspace. */
export async function readPeerPackages(root: string, lockFile: string): Promise<Dependency[]> {
  const { packages }: NpmLock = JSON.parse(await readFile(join(root, lockFile), 'utf8'));
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, { version = '', license = 'Unknown' }]) => ({
      kind: 'npm package',
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: normaliseLicence(license),
      use: 'at work',
      of: dirname(lockFile),
    }));
}
