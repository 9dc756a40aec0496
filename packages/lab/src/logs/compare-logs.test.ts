import { beforeEach, expect, test } from 'vitest';
import { compareLogs, stillMissing } from './compare-logs.ts';
import type { LogFiles } from './log-files.ts';
import type { WrittenProcess } from './log-index.ts';
import type { LogStore, StoredProcess } from './log-store.ts';
import { parseSequences, type Sequences } from './sequences.ts';

/** Unix ms; nobody looks at the hour. */
const now = 1_000_000;

let written: Map<string, WrittenProcess>;
let stored: Map<string, { process: StoredProcess; sequences: Sequences; lost: Sequences }>;

beforeEach(() => {
  written = new Map();
  stored = new Map();
});

/** Says what the files have of a process. @param old those of them that were written in minutes that are over */
function write(instance: string, sequences: string, { newest = now, old = '', lost = '', passedOver = '' } = {}): void {
  written.set(instance, {
    instance,
    service: 'metald',
    newest,
    lost: parseSequences(lost),
    passedOver: parseSequences(passedOver),
    sequences: (before) => parseSequences(before === undefined ? sequences : old),
  });
}

/** Says what the store has of a process. */
function store(instance: string, sequences: string, { newest = now, again = 0, lost = '' } = {}): void {
  const ranges = parseSequences(sequences);
  const distinct = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  stored.set(instance, {
    sequences: ranges,
    lost: parseSequences(lost),
    process: {
      instance,
      service: 'metald',
      lines: distinct + again,
      distinct,
      first: ranges[0]?.first ?? 0,
      last: ranges.at(-1)?.last ?? 0,
      newest,
    },
  });
}

const files: LogFiles = {
  since: 0,
  refresh: async () => undefined,
  forget: () => undefined,
  processes: () => written,
  async *readLines() {
    yield* [];
  },
};

const logStore: LogStore = {
  name: 'a store',
  readProcesses: async () => Array.from(stored.values(), ({ process }) => process),
  readSequences: async ({ instance }) => stored.get(instance)?.sequences ?? [],
  readLostSequences: async ({ instance }) => stored.get(instance)?.lost ?? [],
  send: async () => undefined,
};

const compare = () => compareLogs({ files, store: logStore });

test('a process whose lines are all there has nothing missing', async () => {
  write('a', '1-100');
  store('a', '1-100');
  expect(await compare()).toEqual([
    {
      service: 'metald',
      instance: 'a',
      first: 1,
      last: 100,
      written: 100,
      stored: 100,
      doubled: 0,
      missing: [],
      gone: [],
      givenUp: [],
      waiting: [],
      overdue: [],
    },
  ]);
});

test('a gap between stored lines is missing, whether a file has its lines or not', async () => {
  write('a', '41-100');
  store('a', '1-20, 31-50, 61-100');
  expect(await compare()).toMatchObject([
    { missing: parseSequences('21-30, 51-60'), gone: parseSequences('21-30'), stored: 80, written: 60 },
  ]);
});

test('lines behind the last stored one wait', async () => {
  write('a', '1-100');
  store('a', '1-90', { newest: now - 500 });
  expect(await compare()).toMatchObject([{ missing: [], waiting: parseSequences('91-100') }]);
});

test('last lines of an ended process are missing once another stores a later line', async () => {
  write('a', '1-100', { newest: now - 1 });
  store('a', '1-90', { newest: now - 500 });
  write('b', '1-5');
  store('b', '1-5');
  expect(await compare()).toMatchObject([{ instance: 'a', missing: parseSequences('91-100'), waiting: [] }, {}]);
});

test('a process without stored lines is missing once another stores a later line', async () => {
  write('a', '1-3', { newest: now - 1 });
  store('b', '1-5');
  expect(await compare()).toMatchObject([{ missing: parseSequences('1-3'), stored: 0 }, { instance: 'b' }]);
  stored.clear();
  expect(await compare()).toMatchObject([{ missing: [], waiting: parseSequences('1-3') }]);
});

test('lines of a running process are missing only in past minutes; newer ones wait', async () => {
  write('a', '1-100', { newest: now + 1, old: '1-95' });
  store('a', '1-90', { newest: now - 500 });
  store('b', '1-5');
  expect(await compare()).toMatchObject([{ missing: parseSequences('91-95'), waiting: parseSequences('96-100') }, {}]);
});

test('lines that the process itself gives up are not missing', async () => {
  write('a', '1-20, 31-100', { lost: '21-25' });
  store('a', '1-20, 41-100', { lost: '26-30' });
  expect(await compare()).toMatchObject([{ givenUp: parseSequences('21-30'), missing: parseSequences('31-40') }]);
});

test('a line that is in a file is not given up, whatever the process says of it', async () => {
  write('a', '1-20, 31-100', { lost: '1-60' });
  store('a', '1-20, 41-100', { lost: '21-35' });
  expect(await compare()).toMatchObject([{ givenUp: parseSequences('21-30'), missing: parseSequences('31-40') }]);
});

test('lines that were written before are not missing, whatever their numbers are', async () => {
  write('a', '11, 15-100', { passedOver: '1-10, 12-14' });
  store('a', '11, 15-100');
  expect(await compare()).toMatchObject([{ missing: [], waiting: [], gone: [] }]);
});

test('lines that are stored again are counted', async () => {
  store('a', '1-10', { again: 7 });
  expect(await compare()).toMatchObject([{ stored: 10, doubled: 7, missing: [] }]);
});

test('a gap that the earlier comparison found, waiting or missing, stays missing', async () => {
  write('a', '1-100');
  store('a', '1-10, 21-80', { newest: now - 1 });
  const earlier = await compare();
  store('a', '1-10, 16-30, 41-85, 91-100');
  write('a', '1-110');
  expect(stillMissing(earlier, await compare())).toMatchObject([
    {
      missing: parseSequences('11-15, 86-90'),
      waiting: parseSequences('31-40, 101-110'),
      overdue: [],
    },
  ]);
});

test('a line that waited at the earlier comparison and waits still is overdue', async () => {
  write('a', '1-100');
  store('a', '1-90');
  const earlier = await compare();
  write('a', '1-110');
  store('a', '1-95');
  expect(stillMissing(earlier, await compare())).toMatchObject([
    { missing: [], waiting: parseSequences('96-110'), overdue: parseSequences('96-100') },
  ]);
});
