import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilReady } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { billingClient } from '../support/clients.ts';
import { startCommandInTest } from '../support/command.ts';

const flags = ['--port=0', '--metrics-port=0'];

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'billed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('a second billaged on the same file ends with one line, and the first continues', async () => {
  const path = join(await freshFolder(), 'billaged.db');
  const first = startCommandInTest('billaged-sim', [...flags, `--database=${path}`]);
  const { url } = await untilReady(first);
  const second = await startCommandInTest('billaged-sim', flags, { BILLAGED_DATABASE: path }).ended();
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/^billaged-sim: the ledger .*billaged\.db is in use by another process.*--database\n$/);
  const metrics = [{ timestamp: { seconds: 1n } }];
  expect(await billingClient(url).sendMetricsBatch({ vmId: 'ud-1', metrics })).toMatchObject({ success: true });
});

test('a file that is no ledger ends it with one line', async () => {
  const path = join(await freshFolder(), 'notes.txt');
  await writeFile(path, 'Not a ledger. '.repeat(500));
  const { status, stderr } = await startCommandInTest('billaged-sim', [...flags, `--database=${path}`]).ended();
  expect(status).toBe(1);
  expect(stderr).toMatch(/^billaged-sim: the ledger .*notes\.txt is damaged or not a ledger.*\n$/);
});

test('usage outlives an orderly end, which leaves no log', async () => {
  const folder = await freshFolder();
  const env = { UNKEY_BILLAGED_DATABASE: join(folder, 'billaged.db') };
  const first = startCommandInTest('billaged-sim', flags, env);
  const metrics = [1n, 2n, 3n].map((seconds) => ({ timestamp: { seconds }, cpuTimeNanos: 10n * seconds }));
  await billingClient((await untilReady(first)).url).sendMetricsBatch({ vmId: 'ud-1', customerId: 'acme', metrics });
  first.signal('SIGTERM');
  expect(await first.ended()).toMatchObject({ status: 0 });
  expect((await readdir(folder)).sort()).toEqual(['billaged.db', 'billaged.db-lock', 'billaged.db-sums']);

  const second = startCommandInTest('billaged-sim', [...flags, '--retention=30d'], env);
  const { url } = await untilReady(second);
  expect(await (await fetch(`${url}/stats`)).json()).toMatchObject({ active_vms: 1 });
  await billingClient(url).notifyVmStopped({ vmId: 'ud-1', stopTime: 4_000_000_000n });
  const summary = second.log().find(({ msg }) => msg === 'final usage summary');
  expect(summary).toMatchObject({ vm_id: 'ud-1', customer_id: 'acme', sample_count: 3, cpu_time_used_ms: 0 });
});
