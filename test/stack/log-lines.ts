import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../processes/eventually.ts';
import type { RunningStack } from './running-stack.ts';

const services = ['metald', 'billaged'] as const;

/** The whole lines in the log file of a service. */
export async function readWrittenLines(running: RunningStack, service: (typeof services)[number]): Promise<string[]> {
  const text = await readFile(running.logFiles[service], 'utf8');
  return text.split('\n').slice(0, -1);
}

/** What Loki has of the lines of both services. */
export interface StoredLines {
  /** How many lines were in their files. */
  readonly written: number;
  /** Those of them that Loki has more often than the files. */
  readonly repeated: readonly string[];
}

/** Waits until Loki has every line that is in the files of both services now, compared line by line. */
export async function untilLokiHasAll(running: RunningStack): Promise<StoredLines> {
  const stored = await Promise.all(services.map((service) => untilLokiHas(running, service)));
  return {
    written: stored.reduce((sum, { written }) => sum + written, 0),
    repeated: stored.flatMap(({ repeated }) => repeated),
  };
}

async function untilLokiHas(running: RunningStack, service: (typeof services)[number]): Promise<StoredLines> {
  const written = await readWrittenLines(running, service);
  const inFile = [...countEach(written)];
  const compare = async () => {
    // Lines take a moment, and a comparison takes work.
    await sleep(300);
    const inLoki = countEach(await readStoredLines(running, service));
    const findLines = (isSo: (stored: number, written: number) => boolean) =>
      inFile.filter(([line, times]) => isSo(inLoki.get(line) ?? 0, times)).map(([line]) => line);
    return {
      missing: findLines((stored, times) => stored < times),
      repeated: findLines((stored, times) => stored > times),
    };
  };
  const { repeated } = await eventually(compare, ({ missing }) => missing.length === 0);
  return { written: written.length, repeated };
}

function countEach(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

interface LokiAnswer {
  readonly data: { readonly result: readonly { readonly values: readonly (readonly [string, string])[] }[] };
}

/** Most lines that Loki gives for one question. */
const mostLines = 5_000;

/** All lines of a service in Loki since the stack was started. */
async function readStoredLines(running: RunningStack, service: string): Promise<string[]> {
  const query = encodeURIComponent(`{service_name="${service}"}`);
  const millisecond = 1_000_000n;
  const read = async (from: bigint, to: bigint): Promise<string[]> => {
    const path = `/loki/api/v1/query_range?query=${query}&limit=${mostLines}&start=${from}&end=${to}`;
    const { data } = await running.ask<LokiAnswer>('loki', path);
    const lines = data.result.flatMap(({ values }) => values.map(([, line]) => line));
    if (lines.length < mostLines) return lines;
    const middle = from + (to - from) / 2n;
    return [...(await read(from, middle)), ...(await read(middle, to))];
  };
  return await read(BigInt(running.startedAt) * millisecond, BigInt(Date.now() + 60_000) * millisecond);
}
