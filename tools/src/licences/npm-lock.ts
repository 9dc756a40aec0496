/** The part of `pnpm-lock.yaml` that the check reads. */
export interface PnpmLock {
  readonly importers: Readonly<Record<string, Importer>>;
  readonly packages: Readonly<Record<string, LockedPackage>>;
  readonly snapshots: Readonly<Record<string, Snapshot>>;
  /** Packages with a patch. */
  readonly patchedDependencies?: Readonly<Record<string, unknown>>;
}

/** The dependencies of a workspace package. */
interface Importer {
  readonly dependencies?: Readonly<Record<string, { readonly version: string }>>;
  readonly optionalDependencies?: Readonly<Record<string, { readonly version: string }>>;
  readonly devDependencies?: Readonly<Record<string, { readonly version: string }>>;
}

/** The dependencies of a registry package. */
interface Snapshot {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The entry of a registry package in the lock file. By default it can be installed on every machine. */
interface LockedPackage {
  /** Its version, for a key that has a URL in its place. */
  readonly version?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

/** The packages of a lock file, each as `name@version`. */
export interface LockedPackages {
  /** Installed on every machine. */
  readonly everywhere: ReadonlySet<string>;
  /** Packages that we ship, on any machine. */
  readonly shipped: ReadonlySet<string>;
  /** Number of packages for some machines only. */
  readonly elsewhere: number;
}

const atRunTime = ['dependencies', 'optionalDependencies'] as const;

/**
 * Separates the packages that every machine installs from those for some operating systems or processors and their own
 * dependencies. A machine knows only the licences of its installed packages, so only the first set is the same everywhere.
 */
export function readLockedPackages(lock: PnpmLock): LockedPackages {
  const all = Object.entries(lock.importers);
  const ours = all.filter(([folder]) => folder.startsWith('packages/'));
  const roots = all.flatMap(([, importer]) => rootsOf(importer, [...atRunTime, 'devDependencies'], lock));
  const shippedRoots = ours.flatMap(([, importer]) => rootsOf(importer, atRunTime, lock));
  const everywhere = collectReachable(roots, lock, (locked) => !isRestricted(locked));
  const shipped = collectReachable(shippedRoots, lock, () => true);
  return { everywhere, shipped, elsewhere: Object.keys(lock.packages).length - everywhere.size };
}

/** The keys of the dependencies of a workspace package. */
function rootsOf(importer: Importer, groups: readonly (keyof Importer)[], lock: PnpmLock): string[] {
  return groups.flatMap((group) =>
    Object.entries(importer[group] ?? {}).flatMap(([name, { version }]) => keysOf(name, version, lock)),
  );
}

/** All packages that are reachable through dependencies, by way of wanted packages only. */
function collectReachable(
  roots: readonly string[],
  lock: PnpmLock,
  isWanted: (locked: LockedPackage) => boolean,
): ReadonlySet<string> {
  const seen = new Set<string>();
  const found = new Set<string>();
  const waiting = [...roots];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const id = withoutPeers(key);
    const locked = lock.packages[id] ?? {};
    if (seen.has(key) || !isWanted(locked)) continue;
    seen.add(key);
    const name = id.slice(0, id.indexOf('@', 1));
    found.add(locked.version === undefined ? id : `${name}@${locked.version}`);
    const { dependencies, optionalDependencies } = lock.snapshots[key] ?? {};
    for (const [needed, version] of Object.entries({ ...dependencies, ...optionalDependencies })) {
      waiting.push(...keysOf(needed, version, lock));
    }
  }
  return found;
}

function isRestricted({ os, cpu, libc }: LockedPackage): boolean {
  return os !== undefined || cpu !== undefined || libc !== undefined;
}

/** The key of a dependency in the snapshots; none for a workspace package. An alias has the full name of its package. */
function keysOf(name: string, version: string, { snapshots }: PnpmLock): string[] {
  if (version.startsWith('link:')) return [];
  return [version in snapshots ? version : `${name}@${version}`];
}

/** A key without the peers in parentheses after its version. */
function withoutPeers(key: string): string {
  return key.replace(/\(.*$/, '');
}
