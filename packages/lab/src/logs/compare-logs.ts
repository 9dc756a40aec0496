import type { LogFiles } from './log-files.ts';
import type { WrittenProcess } from './log-index.ts';
import type { LogStore, StoredProcess } from './log-store.ts';
import { countOf, type Sequences, subtract, unite, upTo } from './sequences.ts';

/** The state of the lines of one process. */
export interface ProcessReport {
  readonly service: string;
  /** `service.instance.id` of its lines. */
  readonly instance: string;
  /** Lowest and highest known line number, in a file or in the store. */
  readonly first: number;
  readonly last: number;
  /** Lines in the files. */
  readonly written: number;
  /** Distinct lines in the store. */
  readonly stored: number;
  /** Stored duplicates, beyond the first copy of each line. */
  readonly doubled: number;
  /** Lines that are not in the store although it has later ones. */
  readonly missing: Sequences;
  /** Missing lines that are in no file any more. */
  readonly gone: Sequences;
  /** Lines that the process could not write, as a later line of it reports. They do not count as missing. */
  readonly givenUp: Sequences;
  /** Lines that are not in the store yet: it has no later ones. */
  readonly waiting: Sequences;
  /** Waiting lines that already waited at an earlier comparison. */
  readonly overdue: Sequences;
}

/** What can have become of lines that the store does not have. */
export type LineKind = 'missing' | 'gone' | 'givenUp' | 'waiting' | 'overdue';

/** How many lines of a kind all processes have. */
export function total(reports: readonly ProcessReport[], kind: LineKind): number {
  return reports.reduce((sum, report) => sum + countOf(report[kind]), 0);
}

/** Options of `compareLogs`. */
export interface CompareOptions {
  readonly files: LogFiles;
  readonly store: LogStore;
}

/**
 * Compares a log store with the log files, process by process. A line is missing when the store does not have it but has a
 * later one: of this process or, once this process no longer writes, of any process.
 *
 * @throws CommandError when the store does not answer
 */
export async function compareLogs({ files, store }: CompareOptions): Promise<ProcessReport[]> {
  // Files first: every stored line was in a file before.
  await files.refresh();
  const written = files.processes();
  const { since } = files;
  const stored = new Map((await store.readProcesses(since)).map((process) => [process.instance, process]));
  const watermark = Math.max(0, ...Array.from(stored.values(), ({ newest }) => newest));
  const reports: ProcessReport[] = [];
  for (const instance of new Set([...written.keys(), ...stored.keys()])) {
    const pair = { written: written.get(instance), stored: stored.get(instance) };
    reports.push(await compareProcess(instance, pair, { store, since, watermark }));
  }
  return reports.sort(
    (one, other) => one.service.localeCompare(other.service) || (one.instance < other.instance ? -1 : 1),
  );
}

interface Pair {
  readonly written: WrittenProcess | undefined;
  readonly stored: StoredProcess | undefined;
}

async function compareProcess(
  instance: string,
  { written, stored }: Pair,
  { store, since, watermark }: { store: LogStore; since: number; watermark: number },
): Promise<ProcessReport> {
  const inFiles = written?.sequences() ?? [];
  const whole = stored === undefined ? [] : [{ first: stored.first, last: stored.last }];
  const known = unite([...inFiles, ...whole]);
  const isWhole = stored !== undefined && stored.distinct === stored.last - stored.first + 1;
  const inStore = stored === undefined || isWhole ? whole : await store.readSequences(stored, since);
  const notStored = subtract(subtract(known, inStore), written?.passedOver ?? []);
  const isClean = notStored.length === 0;
  const lost = isClean || stored === undefined ? [] : await store.readLostSequences(stored, since);
  // A report of lost lines may merge ranges, and then covers lines that are in the file.
  const givenUp = subtract(unite([...lost, ...(written?.lost ?? [])]), inFiles);
  const unexplained = subtract(notStored, givenUp);
  const missing = findMissing(unexplained, { written, stored, watermark });
  return {
    service: written?.service ?? stored?.service ?? '',
    instance,
    first: known[0]?.first ?? 0,
    last: known.at(-1)?.last ?? 0,
    written: countOf(inFiles),
    stored: stored?.distinct ?? 0,
    doubled: stored === undefined ? 0 : stored.lines - stored.distinct,
    missing,
    gone: subtract(missing, inFiles),
    givenUp: subtract(notStored, unexplained),
    waiting: subtract(unexplained, missing),
    overdue: [],
  };
}

/** The lines that should be stored and are not. */
function findMissing(notStored: Sequences, { written, stored, watermark }: Pair & { watermark: number }): Sequences {
  const last = stored?.last ?? 0;
  const inside = upTo(notStored, last);
  const behind = subtract(notStored, inside);
  if (written === undefined || behind.length === 0) return inside;
  // The collector may read an active process more slowly than others, so the newest minute waits for a later line of this process.
  const overdue = written.newest < watermark ? written.sequences() : written.sequences(watermark);
  return unite([...inside, ...subtract(behind, subtract(behind, overdue))]);
}

/**
 * Narrows missing lines to those that were not stored at an earlier comparison either: a gap that has stayed open. The others
 * become waiting lines; waiting lines that already waited then are overdue.
 */
export function stillMissing(
  earlier: readonly ProcessReport[],
  later: readonly ProcessReport[],
): readonly ProcessReport[] {
  const before = new Map(earlier.map(({ instance, missing, waiting }) => [instance, unite([...missing, ...waiting])]));
  return later.map((report) => {
    const notStored = before.get(report.instance) ?? [];
    const fresh = subtract(report.missing, notStored);
    return {
      ...report,
      missing: subtract(report.missing, fresh),
      gone: subtract(report.gone, fresh),
      waiting: unite([...report.waiting, ...fresh]),
      overdue: subtract(report.waiting, subtract(report.waiting, notStored)),
    };
  });
}
