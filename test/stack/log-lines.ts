import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@vmobs/testing';
import type { RunningStack } from './running-stack.ts';

const services = ['metald', 'billaged'] as const;

/** The whole lines in the log file of a service. */
export async function readWrittenLines(running: RunningStack, service: (typeof services)[number]): Promise<string[]> {
  const text = await readFile(running.logFiles[service], 'utf8');
  return text.split('\n').slice(0, -1);
}

/** What the log store has of the lines of both services. */
export interface StoredLines {
  /** How many lines were in their files. */
  readonly written: number;
  /** Process and number of those that are not in the store. */
  readonly missing: readonly string[];
  /** Process and number of those that the store has more often than the files. */
  readonly repeated: readonly string[];
}

/** Waits until the log store has every line that is in the files of both services now. */
export async function untilStoreHasAll(running: RunningStack): Promise<StoredLines> {
  const written = await readAllWritten(running);
  return await eventually(
    async () => {
      // Lines take a moment, and a comparison takes work.
      await sleep(300);
      return await compareLines(running, written);
    },
    ({ missing }) => missing.length === 0,
  );
}

/** Compares the log store with lines of the files, one by one, by process and number. */
async function compareLines(running: RunningStack, written: readonly NumberedLine[]): Promise<StoredLines> {
  const inStore = countEach((await readStoredLines(running)).map(nameOf));
  const inFiles = [...countEach(written.map(nameOf))];
  const findLines = (isSo: (stored: number, written: number) => boolean) =>
    inFiles.filter(([name, times]) => isSo(inStore.get(name) ?? 0, times)).map(([name]) => name);
  return {
    written: written.length,
    missing: findLines((stored, times) => stored < times),
    repeated: findLines((stored, times) => stored > times),
  };
}

async function readAllWritten(running: RunningStack): Promise<NumberedLine[]> {
  const lines = await Promise.all(services.map((service) => readWrittenLines(running, service)));
  return lines.flat().map((line) => JSON.parse(line) as NumberedLine);
}

interface NumberedLine {
  readonly 'service.instance.id': string;
  readonly 'log.seq': number | string;
}

function nameOf(line: NumberedLine): string {
  return `${line['service.instance.id']} ${line['log.seq']}`;
}

function countEach(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Process and number of each line in the log store since the stack was started. */
async function readStoredLines(running: RunningStack): Promise<NumberedLine[]> {
  return await running.askLogs<NumberedLine>('log.seq:* | fields service.instance.id, log.seq');
}
