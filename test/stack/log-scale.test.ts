import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@vmobs/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accountFor, createLines } from './numbered-lines.ts';
import { reportMeasured } from './report-measured.ts';
import { type LogStoreName, type RunningLogCluster, startLogCluster } from './running-log-cluster.ts';

/*
 * Two storages of VictoriaLogs behind a front, as in the profile `scale`, with the real collector before it: what is lost when
 * one of them crashes, and what a query says meanwhile.
 */

let cluster: RunningLogCluster;
let writer: ReturnType<typeof startWriter>;

beforeEach(async () => {
  cluster = await startLogCluster();
  writer = startWriter();
  // The first thousand lines of a stream go to one storage, the later ones to either.
  await untilStored(1_500);
});
afterEach(async () => {
  await writer.stop();
  await cluster.close();
});

const linesAtOnce = 40;

/** Writes some 600 lines a second. */
function startWriter() {
  const line = createLines();
  /** When each was written, in milliseconds since 1970. */
  const times: number[] = [];
  let isStopping = false;
  const running = (async () => {
    while (!isStopping) {
      const text = Array.from({ length: linesAtOnce }, () => line()).join('');
      times.push(...Array.from({ length: linesAtOnce }, () => Date.now()));
      await cluster.write(text);
      await sleep(50);
    }
  })();
  return {
    times,
    async stop(): Promise<void> {
      isStopping = true;
      await running;
    },
  };
}

/** Waits until the front finds so many lines. */
async function untilStored(count: number, query = '*', more: Record<string, string> = {}): Promise<void> {
  await eventually(
    () => cluster.ask(`${query} | stats count() lines`, more),
    ({ lines }) => Number(lines[0]?.['lines']) >= count,
  );
}

/** Ends the writing and compares what was written with what the front finds. */
async function account() {
  await writer.stop();
  const written = writer.times.length;
  // The last line is there, and the rest has had its time.
  await untilStored(1, `log.seq:=${written}`);
  await sleep(2_000);
  const { status, lines } = await cluster.ask('*');
  expect(status).toBe(200);
  return { written, ...accountFor(lines, written) };
}

/** Waits until the front finds every line that is written now. @returns how many those are */
async function untilAllFound(): Promise<number> {
  const written = writer.times.length;
  await untilStored(written, `log.seq:<=${written}`);
  return written;
}

/** How long before a moment each of these lines was written, in milliseconds; less than 0 for one written after it. */
function agesAt(moment: number, missing: readonly number[]): number[] {
  return missing.map((number) => moment - (writer.times[number - 1] ?? 0));
}

async function countIn(store: LogStoreName): Promise<number> {
  const response = await fetch(`${cluster.store(store).url}/select/logsql/query?query=*|stats count() lines`);
  const { lines }: { lines: string } = JSON.parse(await response.text());
  return Number(lines);
}

test('a crash of one storage loses its last seconds, and queries say that it is missing', async () => {
  const stores = ['victorialogs-storage-1', 'victorialogs-storage-2'] as const;
  await untilStored(5_000);
  for (const store of stores) expect(await countIn(store)).toBeGreaterThan(1_000);

  const storage = cluster.store('victorialogs-storage-1');
  const found = await untilAllFound();
  // A storage writes to its disk every 5 s.
  await sleep(10_000);
  const killed = Date.now();
  await storage.stop('SIGKILL');
  const gone = Date.now();
  const later = writer.times.length + 500;
  const partial = { allow_partial_response: '1' };
  await untilStored(1, `log.seq:>${later}`, partial);
  const refused = await cluster.ask('* | stats count() lines');
  expect(refused.status).toBe(502);
  expect(refused.text).toContain('cannot connect to storage node');
  const allowed = await cluster.ask('* | stats count() lines', partial);
  reportMeasured(
    `storage away: ${refused.status} for a query; ${allowed.text.trim()} of ${writer.times.length} in part`,
  );
  await storage.start();
  await untilStored(1, `log.seq:>${writer.times.length}`);

  const { written, missing, repeated } = await account();
  const ages = agesAt(killed, missing);
  const span = ages.length === 0 ? '' : ` written ${Math.min(...ages)} to ${Math.max(...ages)} ms before;`;
  reportMeasured(
    `storage SIGKILL: ${missing.length} of ${written} lines lost;${span} ${repeated.length} stored twice; ` +
      `storages have ${(await Promise.all(stores.map(countIn))).join(' and ')}`,
  );
  expect(missing.filter((number) => number <= found)).toEqual([]);
  for (const age of agesAt(gone, missing)) expect(age).toBeGreaterThanOrEqual(0);
  expect(repeated).toEqual([]);
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'ending the front by %s loses only what it has not passed on',
  async (signal) => {
    const front = cluster.store('victorialogs-front');
    const found = await untilAllFound();
    const ended = Date.now();
    await front.stop(signal);
    const gone = Date.now();
    await sleep(1_000);
    await front.start();

    const { written, missing, repeated } = await account();
    const ages = agesAt(ended, missing);
    const span = ages.length === 0 ? '' : ` written up to ${Math.max(...ages)} ms before;`;
    reportMeasured(
      `front ${signal}: ${missing.length} of ${written} lines lost;${span} ${repeated.length} stored twice`,
    );
    // What the front finds it has passed on.
    expect(missing.filter((number) => number <= found)).toEqual([]);
    for (const age of agesAt(gone, missing)) expect(age).toBeGreaterThanOrEqual(0);
    expect(repeated).toEqual([]);
  },
);

test('an orderly end of a storage loses nothing', async () => {
  const storage = cluster.store('victorialogs-storage-2');
  await storage.stop('SIGTERM');
  await sleep(1_000);
  await storage.start();

  const { missing, repeated } = await account();
  expect({ missing, repeated }).toEqual({ missing: [], repeated: [] });
});
