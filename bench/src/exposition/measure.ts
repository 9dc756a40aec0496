import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectPage, scrape } from './scrape.ts';
import { type SubjectName, startSubject } from './subject-process.ts';

/** What is measured of one scrape; seconds and bytes. */
export interface Round {
  readonly scrapeCpu: number;
  readonly updateCpu: number;
  readonly wall: number;
  readonly firstByte: number;
  readonly stall: number | undefined;
  /** Peak of the resident memory, minus the memory before the first scrape. */
  readonly extraMemory: number | undefined;
}

/** The rounds of a subject at one share of changed values. */
export interface Measured {
  readonly name: SubjectName;
  readonly share: number;
  readonly rounds: readonly Round[];
  /** Bytes of its page. */
  readonly bytes: number;
  /** Resident memory of its process with all series in it, before the first scrape. */
  readonly filledMemory: number | undefined;
}

/** What is measured. */
export interface Plan {
  readonly seriesCount: number;
  readonly shares: readonly number[];
  readonly rounds: number;
}

/** Series that are scraped before the first measured scrape, so that compiler and heap are warmed up. */
const warmUpSeries = 300_000;
const leastWarmUps = 3;

/**
 * Measures a subject in its own process.
 *
 * @throws Error when a page does not have the expected number of series.
 */
export async function measureSubject(name: SubjectName, { seriesCount, shares, rounds }: Plan): Promise<Measured[]> {
  const subject = await startSubject(name, seriesCount);
  try {
    const before = await readResidentMemory(subject.pid);
    const measureRound = async (share: number): Promise<Round> => {
      const { cpuSeconds: updateCpu } = await subject.ask(`/change?share=${share}`);
      await resetPeak(subject.pid);
      await subject.ask('/begin');
      const { seconds, firstByteSeconds } = await scrape(subject.port);
      const { cpuSeconds, stallSeconds } = await subject.ask('/end');
      const after = await readResidentMemory(subject.pid);
      return {
        scrapeCpu: cpuSeconds,
        updateCpu,
        wall: seconds,
        firstByte: firstByteSeconds,
        stall: stallSeconds,
        extraMemory: before && after && Math.max(0, after.peak - before.now),
      };
    };
    const page = await inspectPage(subject.port);
    if (page.series !== seriesCount) throw new Error(`${name} serves ${page.series} series, not ${seriesCount}`);
    const warmUps = Math.max(leastWarmUps, Math.ceil(warmUpSeries / seriesCount));
    for (let run = 0; run < warmUps; run += 1) await measureRound(1);
    const measured: Measured[] = [];
    for (const share of shares) {
      const all: Round[] = [];
      for (let run = 0; run < rounds; run += 1) {
        // Garbage of the last round is not part of this one.
        await sleep(200);
        all.push(await measureRound(share));
      }
      measured.push({ name, share, rounds: all, bytes: page.bytes, filledMemory: before?.now });
    }
    return measured;
  } finally {
    await subject.end();
  }
}

/** Resident memory of a process in bytes. */
interface ResidentMemory {
  readonly now: number;
  /** The peak since `resetPeak`. */
  readonly peak: number;
}

/** Reads the memory of a process from procfs; `undefined` where there is none. */
async function readResidentMemory(pid: number): Promise<ResidentMemory | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  const memory = { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 };
  return Number.isNaN(memory.now + memory.peak) ? undefined : memory;
}

/** Resets the peak of a process to its current memory. */
async function resetPeak(pid: number): Promise<void> {
  // 5 resets the peak alone; without such a file there is no peak to read either.
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {});
}
