import { bundled } from './bundled.ts';
import { findGoPrograms, type GoProgram } from './go-programs.ts';
import { findImages, type ReferencedImage } from './images.ts';
import { findStaleEntries, type LicenceRecord, readGoModules, readJars, readRecord } from './licence-record.ts';
import { findMavenParts } from './maven-parts.ts';
import { type NpmPackages, readNpmPackages, readPeerPackages } from './npm-packages.ts';
import type { Dependency } from './policy.ts';
import { findFiles } from './repository-files.ts';

/** All third-party code that the repository builds, ships, uses or references. */
export interface Inventory {
  readonly npm: NpmPackages;
  /** Packages of each npm lock file, by path. */
  readonly peers: ReadonlyMap<string, readonly Dependency[]>;
  readonly programs: readonly GoProgram[];
  readonly record: LicenceRecord;
  /** Problems of the record, each as a sentence. */
  readonly stale: readonly string[];
  readonly images: readonly ReferencedImage[];
}

/** Takes the inventory of a repository. Needs pnpm and an installed workspace, but neither Go, Java nor a network. */
export async function takeInventory(root: string): Promise<Inventory> {
  const [npm, lockFiles, programs, mavenParts, record, images] = await Promise.all([
    readNpmPackages(root),
    findFiles(root, 'package-lock.json'),
    findGoPrograms(root),
    findMavenParts(root),
    readRecord(root),
    findImages(root),
  ]);
  const peers = await Promise.all(lockFiles.map(async (path) => [path, await readPeerPackages(root, path)] as const));
  return {
    npm,
    peers: new Map(peers),
    programs,
    record,
    stale: await findStaleEntries(root, { programs, mavenParts }, record),
    images,
  };
}

/** All dependencies that the policy applies to; images are only referenced, so it does not apply to them. */
export function allDependencies({ npm, peers, record }: Inventory): Dependency[] {
  const installed = [...npm.everywhere, ...npm.here, ...[...peers.values()].flat()];
  return [...installed, ...readGoModules(record), ...readJars(record), ...bundled];
}
