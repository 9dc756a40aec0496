import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, type ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { readSeries } from '@vmobs/testing';
import { BillingService } from '@vmobs/wire/billing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type BillagedOptions, startBillaged } from '../app.ts';

/** How long a slow machine may take. */
const patience = { timeout: 100_000, interval: 25 };

/** A billaged whose faults can be switched, for the length of one test. */
async function startFaultyBillaged(options: BillagedOptions = {}) {
  const lines: Record<string, unknown>[] = [];
  const billaged = await startBillaged({
    port: 0,
    metricsPort: 0,
    simControl: true,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
    ...options,
  });
  onTestFinished(billaged.close);
  const { url } = billaged;
  const control = (method: string, fault = '', body?: object) =>
    fetch(`${url}/sim/faults${fault && `/${fault}`}`, { method, ...(body && { body: JSON.stringify(body) }) });
  const own = createClient(BillingService, createConnectTransport({ baseUrl: url, httpVersion: '1.1' }));
  const generic = createClient(BillingService, createGrpcTransport({ baseUrl: url }));
  return {
    url,
    lines,
    control,
    /** The same service by the route of batches and by Connect's adapter. */
    ways: { own, generic },
    async switchOn(fault: string, body: object = {}): Promise<void> {
      const response = await control('PUT', fault, body);
      if (!response.ok) throw new Error(await response.text());
    },
    async switchOff(fault: string): Promise<void> {
      await control('DELETE', fault);
    },
    /** The value of the first series with this beginning; NaN when there is none. */
    read: (series: string) => readSeries(billaged.telemetry.metricsUrl, series),
    /** What `/v1/usage` says that a VM was billed for. */
    async samplesOf(vmId: string): Promise<number> {
      const answer = await fetch(`${url}/v1/usage?vm_id=${vmId}`);
      const { usage } = (await answer.json()) as { usage: { samples: number }[] };
      return usage[0]?.samples ?? 0;
    },
  };
}

/** The code that an RPC ends with. */
const codeOf = (rpc: Promise<unknown>) =>
  rpc.then(
    () => 'ok',
    (error: ConnectError) => Code[error.code],
  );

/** Two samples of a VM. */
const batchOf = (vmId: string) => ({
  vmId,
  customerId: 'acme',
  metrics: [1n, 2n].map((seconds) => ({ timestamp: { seconds }, cpuTimeNanos: 5n * seconds })),
});

const ways = ['own', 'generic'] as const;

describe('control', () => {
  test('is off by default', async () => {
    const { control } = await startFaultyBillaged({ simControl: false });
    expect((await control('GET')).status).toBe(404);
    expect((await control('PUT', 'cpu-burn')).status).toBe(404);
  });

  test('has the faults of any service and those of billaged, each with a metric', async () => {
    const { control, read } = await startFaultyBillaged();
    const { faults } = (await (await control('GET')).json()) as { faults: { name: string }[] };
    const names = faults.map(({ name }) => name);
    const own = ['slow-processing', 'processing-errors', 'lost-acknowledgements', 'ledger-unavailable', 'disk-full'];
    const common = ['memory-growth', 'event-loop-stall', 'metrics-down', 'process-crash'];
    expect(names).toEqual(expect.arrayContaining([...own, 'aggregation-failures', ...common]));
    for (const name of names) expect(await read(`sim_fault_active{fault="${name}"}`)).toBe(0);
  });

  test('requires the token of the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'billaged-faults-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'token'), 's3cret-of-17-chars\n');
    const { control, ways } = await startFaultyBillaged({ simControlTokenFile: join(folder, 'token') });
    expect((await control('PUT', 'disk-full')).status).toBe(401);
    expect(await codeOf(ways.own.sendMetricsBatch(batchOf('ud-1')))).toBe('ok');
  });
});

describe.for(ways)('a batch through the %s route', (way) => {
  test('waits while processing is slow, and is billed', async () => {
    const { ways, switchOn, switchOff, read, samplesOf } = await startFaultyBillaged();
    await switchOn('slow-processing', { size: 60_000 });
    const answer = codeOf(ways[way].sendMetricsBatch(batchOf('ud-1')));
    await expect.poll(() => read('billaged_batches_in_flight '), patience).toBe(1);
    // Long enough to be seen in the buckets of the histogram.
    await new Promise((resolve) => setTimeout(resolve, 120));
    await switchOff('slow-processing');
    expect(await answer).toBe('ok');
    expect(await samplesOf('ud-1')).toBe(2);
    expect(await read('billaged_processing_duration_seconds_bucket{le="0.1"}')).toBe(0);
    expect(await read('billaged_processing_duration_seconds_count')).toBe(1);
  });

  test('fails with a counted internal error, and is not billed', async () => {
    const { ways, switchOn, switchOff, read, samplesOf } = await startFaultyBillaged();
    await switchOn('processing-errors', { size: 1 });
    expect(await codeOf(ways[way].sendMetricsBatch(batchOf('ud-1')))).toBe('Internal');
    expect(await read('billaged_errors_total{component="api"}')).toBe(1);
    expect(await samplesOf('ud-1')).toBe(0);
    await switchOff('processing-errors');
    expect(await codeOf(ways[way].sendMetricsBatch(batchOf('ud-1')))).toBe('ok');
    expect(await samplesOf('ud-1')).toBe(2);
  });

  test('is billed once when its acknowledgement is lost and it is sent again', async () => {
    const { ways, switchOn, switchOff, read, samplesOf } = await startFaultyBillaged();
    await switchOn('lost-acknowledgements', { size: 1 });
    expect(await codeOf(ways[way].sendMetricsBatch(batchOf('ud-1')))).not.toBe('ok');
    expect(await samplesOf('ud-1')).toBe(2);
    await switchOff('lost-acknowledgements');
    expect(await codeOf(ways[way].sendMetricsBatch(batchOf('ud-1')))).toBe('ok');
    expect(await samplesOf('ud-1')).toBe(2);
    expect(await read('billaged_metrics_duplicate_total')).toBe(2);
    expect(await read('billaged_batches_in_flight ')).toBe(0);
  });

  test.for(['ledger-unavailable', 'disk-full'])(
    'is refused as unavailable by %s, and billed afterwards',
    async (fault) => {
      const { url, ways, switchOn, switchOff, read, samplesOf } = await startFaultyBillaged();
      const isReady = async () => (await fetch(`${url}/ready`)).status;
      await switchOn(fault);
      expect(await codeOf(ways[way].sendMetricsBatch(batchOf('ud-1')))).toBe('Unavailable');
      expect(await read('billaged_errors_total{component="ledger"}')).toBe(1);
      await expect.poll(isReady, patience).toBe(503);
      await switchOff(fault);
      expect(await codeOf(ways[way].sendMetricsBatch(batchOf('ud-1')))).toBe('ok');
      expect(await samplesOf('ud-1')).toBe(2);
      await expect.poll(isReady, patience).toBe(200);
    },
  );

  test.for([
    { code: 'unavailable', answered: 'Unavailable', internalErrors: 0 },
    { code: 'internal', answered: 'Internal', internalErrors: 1 },
  ])('fails with the code of api-errors: $code', async ({ code, answered, internalErrors }) => {
    const { ways, switchOn, read } = await startFaultyBillaged();
    await switchOn('api-errors', { size: 1, code });
    expect(await codeOf(ways[way].sendMetricsBatch(batchOf('ud-1')))).toBe(answered);
    expect(await codeOf(ways[way].sendHeartbeat({}))).toBe(answered);
    await expect
      .poll(() => read(`billaged_api_errors_total{method="SendMetricsBatch",code="${code}"}`), patience)
      .toBe(1);
    expect(await read('billaged_errors_total{component="api"}')).toBe(2 * internalErrors);
  });
});

test('usage is readable while the disk is full, not while the ledger is unavailable', async () => {
  const { url, ways, switchOn, switchOff } = await startFaultyBillaged();
  await ways.own.sendMetricsBatch(batchOf('ud-1'));
  const usage = async () => (await fetch(`${url}/v1/usage`)).status;
  await switchOn('disk-full');
  expect(await codeOf(ways.own.notifyVmStarted({ vmId: 'ud-2' }))).toBe('Unavailable');
  expect(await usage()).toBe(200);
  await switchOff('disk-full');
  await switchOn('ledger-unavailable');
  expect(await usage()).toBe(503);
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

test('a full disk has no free bytes until the fault ends', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'billaged-disk-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { switchOn, switchOff, read } = await startFaultyBillaged({ database: join(folder, 'billaged.db') });
  const free = () => read('billaged_ledger_disk_free_bytes');
  expect(await free()).toBeGreaterThan(0);
  await switchOn('disk-full');
  expect(await free()).toBe(0);
  expect(await read('billaged_ledger_size_bytes')).toBeGreaterThan(0);
  await switchOff('disk-full');
  expect(await free()).toBeGreaterThan(0);
});

test('aggregation-failures makes cycles fail, and summaries continue afterwards', async () => {
  const { ways, lines, switchOn, switchOff, read } = await startFaultyBillaged({
    aggregationIntervalMs: 20,
    now: () => 1_000,
  });
  await switchOn('aggregation-failures');
  await ways.own.notifyVmStarted({ vmId: 'ud-1', startTime: 1_000_000_000n });
  await expect.poll(() => read('billaged_aggregation_errors_total'), patience).toBeGreaterThan(1);
  expect(await read('billaged_errors_total{component="aggregation"}')).toBeGreaterThan(1);
  const summaries = () => lines.filter(({ msg }) => msg === 'usage summary').length;
  expect(summaries()).toBe(0);
  await switchOff('aggregation-failures');
  await expect.poll(summaries, patience).toBeGreaterThan(0);
});
