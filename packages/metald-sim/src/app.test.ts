import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { occupyPort, openAndClosePort, openedSince, openResources } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type MetaldOptions, startMetald } from './app.ts';
import { openDiskSpool } from './billing/spool/disk-spool.ts';
import { startRecordingBillaged } from './testing/recording-billaged.ts';

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'metald-app-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Opens a spool as a process does that is alone with the folder. */
async function openSpoolAgain(folder: string): Promise<void> {
  const onFailure = (_failure: string, error: unknown) => {
    throw error;
  };
  await openDiskSpool({ folder, limitBytes: 1024 ** 2, now: Date.now, onFailure }).close();
}

/** A clock that fails at the given reading. */
function failingClock(reading: number): () => number {
  let readings = 0;
  return () => {
    readings += 1;
    if (readings >= reading) throw new Error('the clock is broken');
    return Date.now();
  };
}

function fail(): never {
  throw new Error('this step fails');
}

/** A metald on a free metrics port, with a spool on disk and a billaged that is down. */
async function createOptions() {
  const spool = join(await freshFolder(), 'spool');
  const metricsPort = await openAndClosePort();
  return { port: 0, metricsPort, spool, billingEndpoint: 'http://127.0.0.1:9', logLevel: 'silent' } as const;
}

test.for<[step: string, failing: () => Promise<MetaldOptions> | MetaldOptions, error: string]>([
  ['the telemetry cannot listen', async () => ({ metricsPort: await occupyPort() }), 'is in use already'],
  ['billing cannot start', () => ({ wrapSampleSink: fail }), 'this step fails'],
  // The watch for stalls reads the clock once, the heartbeat twice; the first VM of the fleet is next.
  ['the fleet cannot start', () => ({ vms: 1, now: failingClock(4) }), 'the clock is broken'],
  ['the server cannot be made', () => ({ onServer: fail }), 'this step fails'],
  ['the API cannot listen', async () => ({ port: await occupyPort() }), 'is in use already'],
])('when %s, nothing stays open', async ([, failing, error]) => {
  const options = await createOptions();
  const failingOptions = { ...options, ...(await failing()) };
  const before = openResources();
  await expect(startMetald(failingOptions)).rejects.toThrow(error);
  expect(await openedSince(before)).toEqual([]);
  await openSpoolAgain(options.spool);
  await openAndClosePort(options.metricsPort);
});

test('when the spool cannot be opened, nothing stays open', async () => {
  const options = await createOptions();
  await writeFile(options.spool, 'not a folder');
  const before = openResources();
  await expect(startMetald(options)).rejects.toThrow('cannot use the spool folder');
  expect(await openedSince(before)).toEqual([]);
  await openAndClosePort(options.metricsPort);
});

test('at the end the fleet stops before billing, and the spool closes after it', async () => {
  const options = await createOptions();
  const messages: string[] = [];
  const logOutput = { write: (line: string) => void messages.push(JSON.parse(line).msg) };
  const { url: billingEndpoint } = await startRecordingBillaged();
  const before = openResources();
  const metald = await startMetald({ ...options, billingEndpoint, vms: 3, churn: 6_000, logLevel: 'info', logOutput });
  await metald.close();
  expect(messages.slice(-1)).toEqual(['billing stopped']);
  expect(messages).not.toContain('replacing a vm failed');
  await openSpoolAgain(options.spool);
  expect(await openedSince(before)).toEqual([]);
});

test('a fault that is on when the end begins does not lose the open batches', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'metald-app-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const lines: Record<string, unknown>[] = [];
  const metald = await startMetald({
    port: 0,
    metricsPort: 0,
    simControl: true,
    spool: folder,
    vms: 1,
    billingIntervalMs: 5,
    billingEndpoint: 'http://127.0.0.1:9',
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const response = await fetch(`${metald.url}/sim/faults/spool-failing`, { method: 'PUT' });
  expect(response.status).toBe(200);
  const page = async () => (await fetch(`${metald.telemetry.metricsUrl}/metrics`)).text();
  await expect.poll(page, { timeout: 100_000 }).toMatch(/^metald_billing_metrics_collected_total [1-9]/m);
  await metald.close();
  const account = lines.find(({ msg }) => msg === 'billing stopped');
  expect(account).toMatchObject({ metrics_dropped: 0, metrics_left_in_spool: account?.['metrics_collected'] });
});
