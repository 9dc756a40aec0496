import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { occupyPort, openAndClosePort, openedSince, openResources } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type BillagedOptions, startBillaged } from './app.ts';
import { openSqliteLedger } from './ledger/sqlite/sqlite-ledger.ts';
import { createFakeLedger } from './rpc/testing/fake-ledger.ts';

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'billaged-app-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A clock that fails at the given reading. The aggregator reads it twice at its start, the retention once. */
function failingClock(reading: number): () => number {
  let readings = 0;
  return () => {
    readings += 1;
    if (readings >= reading) throw new Error('the clock is broken');
    return Date.now();
  };
}

function failingServer(): never {
  throw new Error('no such route');
}

test.for<[step: string, failing: () => Promise<BillagedOptions> | BillagedOptions, error: string]>([
  ['telemetry cannot listen', async () => ({ metricsPort: await occupyPort() }), 'is in use already'],
  ['the aggregator fails', () => ({ now: failingClock(1) }), 'the clock is broken'],
  ['the server cannot be made', () => ({ onServer: failingServer }), 'no such route'],
  ['the API cannot listen', async () => ({ port: await occupyPort() }), 'is in use already'],
])('when %s, nothing stays open', async ([, failing, error]) => {
  const database = join(await freshFolder(), 'billaged.db');
  const metricsPort = await openAndClosePort();
  const options = {
    port: 0,
    metricsPort,
    database,
    retentionHours: 1,
    logLevel: 'silent',
    ...(await failing()),
  } as const;
  const before = openResources();
  await expect(startBillaged(options)).rejects.toThrow(error);
  expect(await openedSince(before)).toEqual([]);
  await openSqliteLedger({ path: database }).close();
  await openAndClosePort(metricsPort);
});

test('when the ledger cannot be opened, nothing stays open', async () => {
  const database = join(await freshFolder(), 'notes.txt');
  await writeFile(database, 'Not a ledger. '.repeat(500));
  const metricsPort = await openAndClosePort();
  const before = openResources();
  await expect(startBillaged({ port: 0, metricsPort, database, logLevel: 'silent' })).rejects.toThrow('not a ledger');
  expect(await openedSince(before)).toEqual([]);
  const billaged = await startBillaged({ port: 0, metricsPort, logLevel: 'silent' });
  await billaged.close();
  expect(await openedSince(before)).toEqual([]);
});

test('a ledger of the caller stays open at the end and after a failed start', async () => {
  let isClosed = false;
  const ledger = {
    ...createFakeLedger(),
    async close() {
      isClosed = true;
    },
  };
  const options = { port: 0, metricsPort: 0, ledger, logLevel: 'silent' } as const;
  await (await startBillaged(options)).close();
  await expect(startBillaged({ ...options, port: await occupyPort() })).rejects.toThrow('is in use already');
  expect(isClosed).toBe(false);
});

test('at the end the aggregator writes its last summary before the ledger closes', async () => {
  const database = join(await freshFolder(), 'billaged.db');
  const messages: string[] = [];
  const billaged = await startBillaged({
    port: 0,
    metricsPort: 0,
    database,
    logOutput: { write: (line) => void messages.push(JSON.parse(line).msg) },
  });
  const start = { vm_id: 'ud-1', customer_id: 'acme', start_time: '1' };
  await fetch(`${billaged.url}/billing.v1.BillingService/NotifyVmStarted`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(start),
  });
  await billaged.close();
  expect(messages).toContain('usage summary');
  expect(messages).not.toContain('aggregation failed');
  await openSqliteLedger({ path: database }).close();
});
