import { setTimeout as sleep } from 'node:timers/promises';
import { forgetPeak, readResidentMemory } from './resident-memory.ts';
import { inspectPage, scrape } from './scrape.ts';
import { type SubjectName, startSubject } from './subject-process.ts';

/** What is measured of one scrape; seconds and bytes. */
export interface Round {
  readonly scrapeCpu: number;
  readonly updateCpu: number;
  readonly wall: number;
  readonly firstByte: number;
  readonly stall: number | undefined;
  /** Resident memory at its peak, beyond what the process had before its first scrape. */
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

/** Series that are scraped before the first one that counts: compilers and heaps have then seen what comes. */
const warmUpSeries = 300_000;
const leastWarmUps = 3;

/**
 * Measures a subject in a process of its own.
 *
 * @throws Error when a page does not have the series that it should have.
 */
export async function measureSubject(name: SubjectName, { seriesCount, shares, rounds }: Plan): Promise<Measured[]> {
  const subject = await startSubject(name, seriesCount);
  try {
    const before = await readResidentMemory(subject.pid);
    const measureRound = async (share: number): Promise<Round> => {
      const { cpuSeconds: updateCpu } = await subject.ask(`/change?share=${share}`);
      await forgetPeak(subject.pid);
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
        // What the last round left to a garbage collector is not part of this one.
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
