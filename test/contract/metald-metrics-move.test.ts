import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { eventually, readMetric, scrape } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';
import { metaldContract } from './guide-metrics.ts';
import { watchMovements } from './movement.ts';

/*
 * The metrics of metald that the monitoring guide does not name; those that it names are in `every-metric-moves.test.ts`.
 */

const quiet = { port: 0, metricsPort: 0, logLevel: 'silent' } as const;
const sampling = {
  billingIntervalMs: 10,
  billingBatchSize: 5,
  simControl: true,
  hypervisor: { perform: async () => undefined },
};
const folder = mkdtempSync(join(tmpdir(), 'metald-metrics-'));

/** VMs of `metald` that were booted. */
let booted = 0;

let metald: Metald;
let billaged: Billaged;
const { seen, moves, allMove, value } = watchMovements(() => metald.telemetry.metricsUrl);
/** One without a billaged, that is ended and started again. */
let lonely: Metald;
const ofLonely = watchMovements(() => lonely.telemetry.metricsUrl);

beforeAll(async () => {
  billaged = await startBillaged(quiet);
  const spool = join(folder, 'spool');
  metald = await startMetald({ ...quiet, ...sampling, billingEndpoint: billaged.url, spool, spoolLimitMib: 64 });
});
afterAll(async () => {
  await metald.close();
  await billaged.close();
  rmSync(folder, { recursive: true });
});

async function bootVm({ url }: Metald = metald): Promise<void> {
  const { vmId } = await vmClient(url).createVm({ config: validConfig });
  await vmClient(url).bootVm({ vmId });
  if (url === metald.url) booted += 1;
}

async function switchOn(fault: string, body: object = {}): Promise<void> {
  const answer = await fetch(`${metald.url}/sim/faults/${fault}`, { method: 'PUT', body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
}
const switchAllOff = () => fetch(`${metald.url}/sim/faults`, { method: 'DELETE' });

const nothing = async () => undefined;

/** Holds up everything in this process. */
async function standStill(milliseconds: number): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test('samples on their way into a batch, and the table of series for each VM', async () => {
  expect(await moves('metald_billing_open_batches_bytes', {}, bootVm)).toBeGreaterThan(0);
  expect(await moves('telemetry_series_table_rows', { table: 'vms' }, bootVm)).toBe(1);
  expect(await value('telemetry_series_table_rows_limit', { table: 'vms' })).toBe(2 ** 21);
  const table = metald.telemetry.metrics.seriesTable({
    name: 'small',
    labels: ['name'],
    columns: { weight: { name: 'test_weight', help: 'For this test.', type: 'gauge' } },
    maxRows: 1,
  });
  table.add({ name: 'first' });
  const addOneMore = async () => table.add({ name: 'second' });
  expect(await moves('telemetry_series_table_overflow_total', { table: 'small' }, addOneMore)).toBe(1);
});

test('ticks, and those that are missed', async () => {
  await allMove(['metald_billing_tick_lag_seconds', 'metald_billing_tick_duration_seconds'], nothing);
  expect(await moves('metald_billing_ticks_missed_total', {}, () => standStill(200))).toBeGreaterThan(0);
});

test('notices and batches, while billaged takes them and while it does not', async () => {
  // Those of the tests before are sent.
  const started = () => value('metald_billing_notices_sent_total', { notice: 'started' });
  await eventually(started, (notices) => notices === booted);
  expect(await moves('metald_billing_notices_sent_total', { notice: 'started' }, bootVm)).toBe(1);
  expect(await value('metald_billing_spool_limit_bytes')).toBe(64 * 1024 ** 2);
  expect(await value('metald_billing_breaker_state', { state: 'closed' })).toBe(1);
  await switchOn('billing-endpoint-failing');
  expect(await moves('metald_billing_notice_failures_total', { notice: 'started' }, bootVm)).toBeGreaterThan(0);
  const waiting = ['queue_batches', 'spool_batches', 'spool_samples', 'spool_bytes', 'oldest_batch_age_seconds'];
  await allMove(
    waiting.map((name) => `metald_billing_${name}`),
    nothing,
  );
  const isOpen = async () => (await value('metald_billing_breaker_state', { state: 'open' })) === 1;
  await eventually(isOpen, Boolean);
  await switchAllOff();
  const isClosed = async () => (await value('metald_billing_breaker_state', { state: 'closed' })) === 1;
  await eventually(isClosed, Boolean);
});

test('what cannot be written', async () => {
  const dropped = 'metald_billing_metrics_dropped_total';
  await switchOn('spool-failing');
  expect(await moves(dropped, { reason: 'spool_unwritable' }, nothing)).toBeGreaterThan(0);
  expect(await moves('metald_billing_spool_failures_total', { operation: 'write' }, nothing)).toBeGreaterThan(0);
  await switchAllOff();
});

test('what billaged refuses', async () => {
  const ahead = () => switchOn('clock-skew', { size: 3_600 });
  expect(await moves('metald_billing_batches_set_aside_total', {}, ahead)).toBeGreaterThan(0);
  await switchAllOff();
});

test('what was damaged on the disk while metald was down', async () => {
  const damaged = 'metald_billing_spool_corruptions';
  const spool = join(folder, 'damaged');
  // Nothing listens there, so batches stay.
  const start = () => startMetald({ ...quiet, ...sampling, billingEndpoint: 'http://127.0.0.1:1', spool });
  lonely = await start();
  await bootVm(lonely);
  const waiting = async () => readMetric(await scrape(lonely.telemetry.metricsUrl), 'metald_billing_spool_batches');
  await eventually(waiting, (batches) => batches > 5);
  expect(await ofLonely.value(damaged)).toBe(0);
  await lonely.close();
  const segment = join(spool, '0000000001.spool');
  const bytes = await readFile(segment);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = 255 - (bytes[middle] ?? 0);
  await writeFile(segment, bytes);
  lonely = await start();
  expect(await ofLonely.value(damaged)).toBe(1);
  await lonely.close();
});

test('no metric of metald was left out', () => {
  const guide = Object.keys(metaldContract);
  const names = metald.telemetry.metrics.entries
    .map(({ name }) => name)
    .filter((name) => name.startsWith('metald_') || name.startsWith('telemetry_series_table_'));
  expect([...seen, ...ofLonely.seen].sort()).toEqual(names.filter((name) => !guide.includes(name)).sort());
});
