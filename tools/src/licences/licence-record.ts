import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprintProgram, type GoProgram } from './go-programs.ts';
import { fingerprintJars, type MavenPart } from './maven-parts.ts';
import type { Dependency } from './policy.ts';

/** Path of the record from the root. */
export const recordFile = 'parts/licences.json';

/** The linked modules of a Go program. */
export interface LinkedModules {
  /** What it was found from, as `fingerprintProgram` gives it. */
  readonly fingerprint: string;
  /** Systems that it can be built for, such as `linux/amd64`; the modules are those of all of them. */
  readonly platforms: readonly string[];
  /** Licence of each module, by `path@version`. */
  readonly modules: Readonly<Record<string, string>>;
}

/** The jars of a part. */
export interface PartJars {
  /** What they were found from, as `fingerprintJars` gives it. */
  readonly fingerprint: string;
  /** Licence of each jar, by `group:name@version`. */
  readonly jars: Readonly<Record<string, string>>;
}

/** Licences that only Go and Maven can find, recorded for machines without them. */
export interface LicenceRecord {
  readonly writtenBy: string;
  /** Every Go module that is linked, by the folder of its program. */
  readonly programs: Readonly<Record<string, LinkedModules>>;
  /** Every jar, by the folder of its part. */
  readonly mavenParts: Readonly<Record<string, PartJars>>;
}

/** Any entry of the record. */
export interface Recorded {
  readonly programs: readonly GoProgram[];
  readonly mavenParts: readonly MavenPart[];
}

/** Reads the record. It is empty when the file does not exist. */
export async function readRecord(root: string): Promise<LicenceRecord> {
  const text = await readFile(join(root, recordFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  return text === undefined ? { writtenBy: '', programs: {}, mavenParts: {} } : JSON.parse(text);
}

/** The text of the record, sorted, so that only changed content makes a difference. */
export function writeRecord({ programs, mavenParts }: Omit<LicenceRecord, 'writtenBy'>): string {
  const record: LicenceRecord = {
    writtenBy: 'pnpm generate:licences',
    programs: inOrder(programs),
    mavenParts: inOrder(mavenParts),
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** A copy with sorted keys. */
export function inOrder<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** @returns a sentence for each folder that is missing in the record, changed since it was recorded, or gone. */
export async function findStaleEntries(
  root: string,
  { programs, mavenParts }: Recorded,
  record: LicenceRecord,
): Promise<string[]> {
  const ofGo = programs.map(async (program) => [program.folder, await fingerprintProgram(root, program)] as const);
  const ofMaven = mavenParts.map(async (part) => [part.folder, await fingerprintJars(root, part)] as const);
  return [
    ...compare(new Map(await Promise.all(ofGo)), record.programs, 'Go'),
    ...compare(new Map(await Promise.all(ofMaven)), record.mavenParts, 'a JDK and Maven'),
  ];
}

/** Compares the fingerprints of folders with those of their entries. */
function compare(
  wanted: ReadonlyMap<string, string>,
  entries: Readonly<Record<string, { readonly fingerprint: string }>>,
  tool: string,
): string[] {
  const folders = [...new Set([...wanted.keys(), ...Object.keys(entries)])];
  return folders.flatMap((folder) => {
    const [is, mustBe] = [entries[folder]?.fingerprint, wanted.get(folder)];
    if (is === mustBe) return [];
    const run = (flags: string) => `run \`npx -y pnpm@12 generate:licences${flags}\`, which needs ${tool}`;
    if (mustBe === undefined) return [`${recordFile} has ${folder}, which is gone; ${run('')}`];
    const problem = is === undefined ? `has no ${folder}` : `has ${folder} with other files or another recipe`;
    return [`${recordFile} ${problem}; ${run(` --only=${folder}`)}`];
  });
}

/** The Go modules of the record, once for each program that links them. */
export function readGoModules({ programs }: LicenceRecord): Dependency[] {
  return Object.entries(programs).flatMap(([folder, { modules }]) => toDependencies('Go module', folder, modules));
}

/** The jars of the record. */
export function readJars({ mavenParts }: LicenceRecord): Dependency[] {
  return Object.entries(mavenParts).flatMap(([folder, { jars }]) => toDependencies('jar', folder, jars));
}

function toDependencies(
  kind: Dependency['kind'],
  folder: string,
  licences: Readonly<Record<string, string>>,
): Dependency[] {
  return Object.entries(licences).map(([id, licence]) => {
    const at = id.lastIndexOf('@');
    return { kind, name: id.slice(0, at), version: id.slice(at + 1), licence, use: 'built', of: folder };
  });
}
