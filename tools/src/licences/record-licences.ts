import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingToolError, requireJava, ToolError, type ToolOptions } from '@vmobs/lab/toolchains';
import { CommandError } from '@vmobs/settings';
import { findLinkedLicences } from './go-licences.ts';
import { findGoPrograms, type GoProgram } from './go-programs.ts';
import { findJarLicences } from './jar-licences.ts';
import { type LinkedModules, type PartJars, readRecord, recordFile, writeRecord } from './licence-record.ts';
import { findMavenParts, type MavenPart } from './maven-parts.ts';

/** Options of the record's update. */
export interface RecordOptions extends ToolOptions {
  /** Folders of the programs and parts to update; the others stay unchanged. @default all */
  readonly only?: readonly string[];
  /** Whether to write nothing and only check that the record is up to date. */
  readonly isCheck: boolean;
  /** Called with a line for each program and part. */
  readonly say: (line: string) => void;
}

/**
 * Writes the record of the Go modules that the programs of a repository link, and of the jars of its parts. Without Java or
 * Maven the jars stay unchanged, unless `only` names them.
 *
 * @throws CommandError when a tool fails, Go is missing, a folder has neither a Go program nor jars, or a checked record is out
 * of date.
 */
export async function recordLicences(root: string, options: RecordOptions): Promise<void> {
  const [programs, mavenParts] = await Promise.all([findGoPrograms(root), findMavenParts(root)]);
  const folders = [...programs, ...mavenParts].map(({ folder }) => folder);
  const { only = folders, isCheck, say } = options;
  const wrong = only.find((folder) => !folders.includes(folder));
  if (wrong !== undefined) {
    throw new CommandError(`--only: "${wrong}" has neither a Go program nor jars; allowed are ${folders.join(', ')}`);
  }
  const old = await readRecord(root);
  const record: { programs: Record<string, LinkedModules>; mavenParts: Record<string, PartJars> } = {
    programs: {},
    mavenParts: {},
  };
  for (const program of programs) {
    const { folder } = program;
    const linked = only.includes(folder) ? await findLinked(root, program, options) : old.programs[folder];
    if (linked === undefined) continue;
    record.programs[folder] = linked;
    if (only.includes(folder)) say(`${folder}: ${Object.keys(linked.modules).length} modules`);
  }
  for (const part of mavenParts) {
    const { folder } = part;
    const found = only.includes(folder) ? await findJars(root, part, options) : undefined;
    const kept = found ?? old.mavenParts[folder];
    if (kept !== undefined) record.mavenParts[folder] = kept;
    if (found !== undefined) say(`${folder}: ${Object.keys(found.jars).length} jars`);
  }
  const wanted = writeRecord(record);
  const file = join(root, recordFile);
  if (!isCheck) await writeFile(file, wanted);
  else if ((await readFile(file, 'utf8')) !== wanted) {
    throw new CommandError(`${recordFile} is out of date; run generate:licences without --check and commit the result`);
  }
}

async function findLinked(root: string, program: GoProgram, options: ToolOptions): Promise<LinkedModules> {
  try {
    return await findLinkedLicences(root, program, options);
  } catch (error) {
    if (error instanceof ToolError) throw new CommandError(`the modules of ${program.folder}: ${error.message}`);
    const isMissing = error instanceof Error && 'syscall' in error && error.syscall === 'spawn go';
    if (!isMissing) throw error;
    throw new CommandError(
      'Go is not on PATH, and only Go can list the modules that a program links; install it from https://go.dev/dl',
    );
  }
}

/** @returns `undefined` when Java or Maven is missing and `only` does not name the part. */
async function findJars(root: string, part: MavenPart, options: RecordOptions): Promise<PartJars | undefined> {
  const { folder, recipe } = part;
  try {
    await requireJava(recipe, options.env);
    return await findJarLicences(root, part, options);
  } catch (error) {
    if (error instanceof ToolError) throw new CommandError(`the jars of ${folder}: ${error.message}`);
    if (!(error instanceof MissingToolError) || options.only !== undefined) throw error;
    options.say(`${folder}: unchanged; ${error.message}`);
    return undefined;
  }
}
