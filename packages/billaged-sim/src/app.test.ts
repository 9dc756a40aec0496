import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startBillaged } from './app.ts';
import { openSqliteLedger } from './ledger/sqlite/sqlite-ledger.ts';

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'billaged-app-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A port of 127.0.0.1 that somebody listens on. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.for(['port', 'metricsPort'] as const)('when the %s is taken, the ledger does not stay open', async (setting) => {
  const database = join(await freshFolder(), 'billaged.db');
  const ports = { port: 0, metricsPort: 0, [setting]: await takenPort() };
  await expect(startBillaged({ ...ports, database, logLevel: 'silent' })).rejects.toThrow('is in use already');
  await openSqliteLedger({ path: database }).close();
});

test('when the ledger cannot be opened, the metrics port does not stay open', async () => {
  const database = join(await freshFolder(), 'notes.txt');
  await writeFile(database, 'Not a ledger. '.repeat(500));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const metricsPort = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  await expect(startBillaged({ port: 0, metricsPort, database, logLevel: 'silent' })).rejects.toThrow(
    'no ledger at all',
  );
  const billaged = await startBillaged({ port: 0, metricsPort, logLevel: 'silent' });
  await billaged.close();
});
