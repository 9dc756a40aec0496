import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCatalogue } from '@vmobs/telemetry/exposition';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { defineLabMetrics } from '../metrics.ts';
import type { LogStore } from './log-store.ts';
import { parseSequences } from './sequences.ts';
import { type LogWatch, watchLogs } from './watch-logs.ts';

let folder: string;
let watch: LogWatch;
/** Lines that the store has of the one process. */
let stored: string;
let isStoreUp: boolean;
let reports: string[];
let catalogue: ReturnType<typeof createCatalogue>;

const store: LogStore = {
  name: 'a store',
  async readProcesses() {
    if (!isStoreUp) throw new Error('no store');
    const sequences = parseSequences(stored);
    const distinct = sequences.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    const last = sequences.at(-1)?.last ?? 0;
    return [{ instance: 'a', service: 'metald', lines: distinct + 2, distinct, first: 1, last, newest: Date.now() }];
  },
  readSequences: async () => parseSequences(stored),
  readLostSequences: async () => [],
  send: async () => undefined,
};

/** What a gap may take to close. */
const settleMs = 60_000;

beforeEach(async () => {
  // The clock by which gaps settle; the timers between comparisons are real.
  vi.useFakeTimers({ toFake: ['performance'] });
  folder = await mkdtemp(join(tmpdir(), 'vmobs-watch-logs-'));
  const lines = Array.from({ length: 10 }, (_, index) => {
    return `{"level":"info","timestamp":"${new Date().toISOString()}","service":"metald","service.instance.id":"a","log.seq":${index + 1}}\n`;
  });
  await writeFile(join(folder, 'metald.log'), lines.join(''));
  stored = '1-3, 6-10';
  isStoreUp = true;
  reports = [];
  catalogue = createCatalogue();
  const metrics = defineLabMetrics(catalogue, () => 5_000);
  const report = (severity: string, _fields: object, message: string) => void reports.push(`${severity} ${message}`);
  watch = watchLogs({ folders: [folder], store, metrics, report, intervalMs: 10, settleMs });
});
afterEach(async () => {
  vi.useRealTimers();
  await watch.close();
  await rm(folder, { recursive: true });
});

const page = () => catalogue.registry.metrics();

test('a gap waits at first, is missing once it stays, and neither once it is closed', async () => {
  await expect.poll(page).toContain('lab_log_lines_waiting{service="metald"} 2');
  expect(await page()).toContain('lab_log_lines_missing{service="metald"} 0');
  vi.advanceTimersByTime(settleMs);
  await expect.poll(page).toContain('lab_log_lines_missing{service="metald"} 2');
  expect(await page()).toContain('lab_log_lines_waiting{service="metald"} 0');
  expect(await page()).toContain('lab_log_lines_stored_again{service="metald"} 2');
  expect(await page()).toContain('lab_log_check_timestamp_seconds 5');
  stored = '1-10';
  await expect.poll(page).toContain('lab_log_lines_missing{service="metald"} 0');
  await expect
    .poll(() => reports)
    .toEqual([
      'warn log lines are missing in the store; `logs repair` sends them from the files',
      'info the log store has every line',
    ]);
});

test('failed comparisons are counted, reported once, and keep the last result', async () => {
  await expect.poll(page).toContain('lab_log_lines_waiting{service="metald"} 2');
  vi.advanceTimersByTime(settleMs);
  await expect.poll(page).toContain('lab_log_lines_missing{service="metald"} 2');
  isStoreUp = false;
  await expect.poll(page).toMatch(/lab_log_checks_total\{outcome="failed"\} [2-9]/);
  expect(await page()).toContain('lab_log_lines_missing{service="metald"} 2');
  expect(reports.at(-1)).toBe('warn the log store cannot be compared with the log files');
  expect(reports).toHaveLength(2);
});

test('the close leaves no timer', async () => {
  await watch.close();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const metrics = defineLabMetrics(createCatalogue());
  const other = watchLogs({ folders: [folder], store, metrics, report: () => undefined });
  while (vi.getTimerCount() === 0) await new Promise(setImmediate);
  await other.close();
  expect(vi.getTimerCount()).toBe(0);
});
