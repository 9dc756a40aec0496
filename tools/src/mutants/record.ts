import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { TriedMutant } from './run-mutants.ts';

/** How many mutants were tried, and how many of them tests killed. */
export interface Score {
  readonly tried: number;
  readonly noticed: number;
}

/** A mutant that no test has killed. */
export interface Survivor {
  /** From the root of the repository. */
  readonly file: string;
  readonly line: number;
  readonly mutator: string;
  /** The original code and that of the mutant; long code is truncated. */
  readonly was: string;
  readonly becomes: string;
  /** Set when no test reaches the code. */
  readonly isUnreached?: true;
}

/** The result of a run of one group. */
export interface GroupRecord extends Score {
  /** All mutants of the group; a sample tries only some of them. */
  readonly mutants: number;
  /** Duration of the run. */
  readonly seconds: number;
  readonly survivors: readonly Survivor[];
}

/** Runs by the name of their group. */
export type MutantRecord = Readonly<Record<string, GroupRecord>>;

/** The file with the last recorded run of each group. */
export const recordFile = 'tools/src/mutants/record.json';

const noticedStatuses: readonly string[] = ['Killed', 'Timeout'];
const longestCode = 100;

/** Counts the mutants of a run. A test that fails or hangs kills the mutant. */
export function scoreOf(mutants: readonly TriedMutant[]): Score {
  return { tried: mutants.length, noticed: mutants.filter(({ status }) => noticedStatuses.includes(status)).length };
}

/** Lists the survivors in the order of the sources. @throws when a source cannot be read */
export async function survivorsOf(mutants: readonly TriedMutant[], root: string): Promise<Survivor[]> {
  const survivors: Survivor[] = [];
  for (const { fileName, location, mutatorName, replacement = '', status } of mutants) {
    if (noticedStatuses.includes(status)) continue;
    const { start, end } = location;
    // Lines and columns count from 1; the end column is exclusive.
    const lines = (await readFile(fileName, 'utf8')).split('\n').slice(start.line - 1, end.line);
    const last = lines.length - 1;
    const code = lines.map((line, index) =>
      line.slice(index === 0 ? start.column - 1 : 0, index === last ? end.column - 1 : undefined),
    );
    survivors.push({
      file: relative(root, fileName),
      line: start.line,
      mutator: mutatorName,
      was: shorten(code.join(' ')),
      becomes: shorten(replacement),
      ...(status === 'NoCoverage' ? { isUnreached: true as const } : {}),
    });
  }
  return survivors.sort((one, other) => one.file.localeCompare(other.file, 'en') || one.line - other.line);
}

function shorten(code: string): string {
  const oneLine = code.replace(/\s+/g, ' ').trim();
  return oneLine.length <= longestCode ? oneLine : `${oneLine.slice(0, longestCode)}...`;
}

/** Reads the record. @throws when the file does not exist */
export async function readRecord(path: string): Promise<MutantRecord> {
  // Only `writeRecord` writes it.
  return JSON.parse(await readFile(path, 'utf8')) as MutantRecord;
}

/** Replaces the record of some groups. */
export async function writeRecord(path: string, changes: MutantRecord): Promise<void> {
  await writeFile(path, `${JSON.stringify({ ...(await readRecord(path)), ...changes }, null, 2)}\n`);
}
