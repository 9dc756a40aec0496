import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareLogs } from './compare-logs.ts';
import { createLogFiles } from './log-files.ts';
import type { FileLine, LogStore } from './log-store.ts';
import { repairLogs } from './repair-logs.ts';

const count = 12_000;
const since = Date.now() - 60_000;

let folder: string;
let sent: FileLine[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-repair-logs-'));
  sent = [];
  const timestamp = new Date().toISOString();
  const lines = Array.from({ length: count }, (_, index) => {
    return `{"level":"info","timestamp":"${timestamp}","service":"metald","service.instance.id":"a","log.seq":${index + 1}}\n`;
  });
  await writeFile(join(folder, 'metald.log'), lines.join(''));
});
afterEach(() => rm(folder, { recursive: true }));

/** Has the last line alone. */
const store: LogStore = {
  name: 'a store',
  readProcesses: async () => [
    { instance: 'a', service: 'metald', lines: 1, distinct: 1, first: count, last: count, newest: Date.now() },
  ],
  readSequences: async () => [{ first: count, last: count }],
  readLostSequences: async () => [],
  send: async (lines) => void sent.push(...lines),
};

test('an interrupted repair sends no more lines and says how many it has sent', async () => {
  const files = createLogFiles([folder], since);
  const reports = await compareLogs({ files, store });
  const interrupted = new AbortController();
  const onProgress = () => interrupted.abort();
  const { signal } = interrupted;
  expect(await repairLogs({ reports, files, store, signal, onProgress })).toBe(5_000);
  expect(sent).toHaveLength(5_000);
  expect(await repairLogs({ reports, files, store })).toBe(count - 1);
});

test('a line that waits before one that is missing is sent, too', async () => {
  // The clock went back after line 15, so those before it are of a later minute, the newest.
  const timeOf = (number: number) => new Date(Date.now() - (number > 15 ? 180_000 : 0)).toISOString();
  const lines = Array.from({ length: 20 }, (_, index) => {
    return `{"level":"info","timestamp":"${timeOf(index + 1)}","service":"metald","service.instance.id":"a","log.seq":${index + 1}}\n`;
  });
  await writeFile(join(folder, 'metald.log'), lines.join(''));
  const other = { instance: 'b', service: 'metald', lines: 1, distinct: 1, first: 1, last: 1 };
  const ofOther: LogStore = {
    ...store,
    readProcesses: async () => [{ ...other, newest: Date.now() - 90_000 }],
    readSequences: async () => [],
  };
  const files = createLogFiles([folder], Date.now() - 600_000);
  const [report] = await compareLogs({ files, store: ofOther });
  expect(report).toMatchObject({ missing: [{ first: 16, last: 20 }], waiting: [{ first: 1, last: 15 }] });
  const reports = report === undefined ? [] : [{ ...report, missing: [{ first: 1, last: 20 }] }];
  expect(await repairLogs({ reports, files, store: ofOther })).toBe(20);
});
