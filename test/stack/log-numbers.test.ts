import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVictoriaLogsStore } from '@vmobs/lab/logs';
import type { Stack } from '@vmobs/lab/stack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeAlone, startParts } from './start-parts.ts';

// How VictoriaLogs counts lines whose log.seq was not written by telemetry.
let folder: string;
let stack: Stack;
const since = Date.now() - 60_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-log-numbers-'));
  stack = await startParts(['victoria-logs'], placeAlone(folder));
});
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true });
});

const createStore = () => createVictoriaLogsStore(stack.urls.get('victoria-logs') ?? '');

/** Stores lines of a process. */
async function sendNumbers(instance: string, numbers: readonly unknown[], service = 'metald'): Promise<void> {
  const timestamp = new Date().toISOString();
  const texts = numbers.map((number) =>
    JSON.stringify({ timestamp, service, 'service.instance.id': instance, msg: 'm', 'log.seq': number }),
  );
  await createStore().send(texts.map((text) => ({ text, file: 'metald.log' })));
}

/** Waits until the store has so many numbered lines of a process. */
async function findProcess(instance: string, lines: number) {
  const store = createStore();
  const find = async () => (await store.readProcesses(since)).filter((process) => process.instance === instance);
  const count = async () => (await find()).reduce((total, process) => total + process.lines, 0);
  await expect.poll(count).toBe(lines);
  const processes = await find();
  const sequences = processes[0] && (await store.readSequences(processes[0], since));
  return { processes, sequences };
}

test('lines of a process are counted together, whatever their service is called', async () => {
  await sendNumbers('two-names', [3], 'other');
  await sendNumbers('two-names', [1, 2], 'metald');
  const { processes } = await findProcess('two-names', 3);
  expect(processes).toMatchObject([{ service: 'metald', first: 1, last: 3, lines: 3, distinct: 3 }]);
});

test('a number far from all others takes no longer, and what is no number is left out', async () => {
  await sendNumbers('far', ['abc', -5, 1e300, 7, 8, 5_000_000_000_000]);
  const { processes, sequences } = await findProcess('far', 3);
  expect(processes).toMatchObject([{ first: 7, last: 5_000_000_000_000 }]);
  expect(sequences).toEqual([
    { first: 7, last: 8 },
    { first: 5_000_000_000_000, last: 5_000_000_000_000 },
  ]);
});

test.for([`a"b'c`, 'a\nb', String.raw`a\b`, '*', 'a | delete x', 'a\u2028b', 'a) or (b', ''.padEnd(500, 'é')])(
  'a process may be called %j',
  async (instance) => {
    await sendNumbers(instance, [1, 2, 4]);
    const { processes, sequences } = await findProcess(instance, 3);
    expect(processes).toMatchObject([{ first: 1, last: 4, distinct: 3 }]);
    expect(sequences).toEqual([
      { first: 1, last: 2 },
      { first: 4, last: 4 },
    ]);
  },
);
