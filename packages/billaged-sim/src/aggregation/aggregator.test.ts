import { startTelemetry } from '@vmobs/telemetry';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { billagedDefaults } from '../config.ts';
import type { UsageLedger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite/sqlite-ledger.ts';
import { columnsOf } from '../ledger/testing/usage-samples.ts';
import { createBillagedMetrics } from '../metrics.ts';
import { type Aggregator, type AggregatorOptions, startAggregator } from './aggregator.ts';

/** How long a slow machine may take. */
const patience = { timeout: 100_000 };
const nowMs = Date.UTC(2025, 0, 1);
const counters = { cpuNanos: 1n, diskReadBytes: 0n, diskWriteBytes: 0n, networkRxBytes: 0n, networkTxBytes: 0n };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A ledger for one test. */
function createTestLedger(): UsageLedger {
  const ledger = openSqliteLedger({ path: ':memory:' });
  closers.push(ledger.close);
  return ledger;
}

/** Starts an aggregator whose clock stands still, with real metrics and logs. */
async function startTestAggregator(
  ledger: AggregatorOptions['ledger'],
  { intervalMs = 20, ...options }: Pick<Partial<AggregatorOptions>, 'intervalMs' | 'lastSummaryMs'> = {},
) {
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startTelemetry({
    name: 'billaged',
    version: '0',
    settings: { ...billagedDefaults, metricsPort: 0 },
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  closers.push(telemetry.close);
  const metrics = createBillagedMetrics(telemetry.metrics);
  const aggregator: Aggregator = startAggregator({
    ledger,
    metrics,
    logger: telemetry.logger,
    intervalMs,
    now: () => nowMs,
    ...options,
  });
  closers.push(aggregator.close);
  return {
    aggregator,
    lines,
    summaries: () => lines.filter(({ msg }) => msg === 'usage summary'),
    page: async () => (await fetch(`${telemetry.metricsUrl}/metrics`)).text(),
  };
}

/** Tracks a VM whose last sample is this old. */
async function track(ledger: UsageLedger, vmId: string, ageMs: number, customerId = 'acme'): Promise<void> {
  const timeNanos = BigInt(nowMs - ageMs) * 1_000_000n;
  await ledger.append({ vmId, customerId, samples: columnsOf([{ timeNanos, memoryBytes: 0n, counters }]) });
}

test('each cycle summarises exactly the VMs with a sample in the last two intervals', async () => {
  const ledger = createTestLedger();
  await track(ledger, 'recent', 0);
  await track(ledger, 'just recent', 40);
  await track(ledger, 'silent', 41);
  const { summaries } = await startTestAggregator(ledger);
  await expect.poll(() => summaries().length, patience).toBeGreaterThanOrEqual(4);
  expect(new Set(summaries().map(({ vm_id }) => vm_id))).toEqual(new Set(['recent', 'just recent']));
  expect(summaries()[0]).toMatchObject({ level: 'info', customer_id: 'acme', period_ms: 20, sample_count: 1 });
});

test('a last summary that exceeds its time limit says so, and gives no partial sums', async () => {
  const ledger = createTestLedger();
  for (const vmId of ['one', 'two', 'three']) await track(ledger, vmId, 0);
  const { aggregator, lines, summaries } = await startTestAggregator(ledger, { intervalMs: 60_000, lastSummaryMs: -1 });
  await aggregator.close();
  expect(summaries()).toEqual([]);
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', limit_ms: -1 }));
  expect(lines.filter(({ msg }) => msg === 'customer usage summary')).toEqual([]);
});

test('closing ends the cycles', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const ledger = createTestLedger();
  await track(ledger, 'recent', 0);
  const { aggregator, summaries } = await startTestAggregator(ledger);
  await vi.advanceTimersByTimeAsync(20);
  await expect.poll(() => summaries().length, patience).toBe(1);
  expect(vi.getTimerCount()).toBe(1);
  await aggregator.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('closing summarises every VM once more, including VMs without recent samples', async () => {
  const ledger = createTestLedger();
  await track(ledger, 'recent', 0);
  await track(ledger, 'silent', 1e9);
  const { aggregator, summaries, page } = await startTestAggregator(ledger, { intervalMs: 3_600_000 });
  expect(summaries()).toEqual([]);
  await aggregator.close();
  expect(summaries().map(({ vm_id }) => vm_id)).toEqual(['recent', 'silent']);
  expect(await page()).toContain('\nbillaged_aggregation_duration_seconds_count 1\n');
});

test('a cycle that fails is counted and logged, and the next one runs', async () => {
  const memory = createTestLedger();
  await track(memory, 'recent', 0);
  let failuresLeft = 2;
  const ledger: AggregatorOptions['ledger'] = {
    oncePerPeriod: memory.oncePerPeriod,
    tracked(since) {
      if (failuresLeft-- > 0) throw new Error('disk full');
      return memory.tracked(since);
    },
  };
  const { lines, summaries, page } = await startTestAggregator(ledger);
  await expect.poll(() => summaries().length, patience).toBeGreaterThan(0);
  expect(lines.slice(0, 4)).toMatchObject([
    { level: 'error', msg: 'aggregation failed', err: { message: 'disk full' } },
    { level: 'error', msg: 'aggregation failed' },
    { level: 'info', msg: 'usage summary', vm_id: 'recent' },
    { level: 'info', msg: 'customer usage summary', customer_id: 'acme', vm_count: 1 },
  ]);
  const metrics = await page();
  expect(metrics).toContain('\nbillaged_aggregation_errors_total 2\n');
  expect(metrics).toContain('\nbillaged_errors_total{component="aggregation"} 2\n');
  const cycles = /^billaged_aggregation_duration_seconds_count (\d+)$/m.exec(metrics)?.[1];
  expect(Number(cycles)).toBeGreaterThanOrEqual(3);
});

test('each cycle sums up the VMs of each customer', async () => {
  const ledger = createTestLedger();
  await track(ledger, 'ud-1', 0);
  await track(ledger, 'ud-2', 0);
  await track(ledger, 'ud-3', 0, 'globex');
  const { aggregator, lines } = await startTestAggregator(ledger, { intervalMs: 3_600_000 });
  await aggregator.close();
  expect(lines.filter(({ msg }) => msg === 'customer usage summary')).toMatchObject([
    { customer_id: 'acme', vm_count: 2, sample_count: 2, period_ms: 3_600_000 },
    { customer_id: 'globex', vm_count: 1, sample_count: 1 },
  ]);
});

test('a period that another billaged summarises is left to it', async () => {
  const memory = createTestLedger();
  await track(memory, 'recent', 0);
  const asked: number[] = [];
  const ledger: AggregatorOptions['ledger'] = {
    tracked: memory.tracked,
    async oncePerPeriod(_task, period) {
      asked.push(period);
      return asked.length < 3 ? 'busy' : 'done before';
    },
  };
  const { aggregator, summaries, page } = await startTestAggregator(ledger, { intervalMs: 40 });
  await expect.poll(() => new Set(asked).size, patience).toBeGreaterThan(1);
  await aggregator.close();
  const first = nowMs / 40;
  expect(asked.slice(0, 3)).toEqual([first, first, first]);
  expect(asked.at(-1)).toBeGreaterThan(first);
  expect(summaries()).toEqual([]);
  expect(await page()).toContain('\nbillaged_aggregation_duration_seconds_count 0\n');
});

test('a period that another billaged left unfinished is summarised under its own end', async () => {
  const memory = createTestLedger();
  await track(memory, 'recent', 0);
  let asked = 0;
  const ledger: AggregatorOptions['ledger'] = {
    tracked: memory.tracked,
    oncePerPeriod: async (task, period, work) =>
      asked++ === 0 ? 'busy' : await memory.oncePerPeriod(task, period, work),
  };
  const { summaries } = await startTestAggregator(ledger);
  await expect.poll(() => summaries().length, patience).toBeGreaterThan(0);
  expect(summaries()[0]).toMatchObject({ vm_id: 'recent', period_end: new Date(nowMs + 20).toISOString() });
});
