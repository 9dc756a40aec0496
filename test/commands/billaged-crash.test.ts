import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilReady } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { billingClient } from '../support/clients.ts';
import { startCommandInTest } from '../support/command.ts';

/** A folder for the length of one test. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'billaged-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function startBillagedProcess(database: string, env: Record<string, string> = {}) {
  const flags = ['--port=0', '--metrics-port=0', `--database=${database}`];
  const billaged = startCommandInTest('billaged-sim', flags, { SIM_CONTROL: 'true', ...env });
  return { ...billaged, ...(await untilReady(billaged)) };
}

const batch = {
  vmId: 'ud-1',
  customerId: 'acme',
  metrics: [1n, 2n].map((seconds) => ({ timestamp: { seconds }, cpuTimeNanos: 5n * seconds })),
};

test('process-crash ends the process at once and loses no acknowledged batch', async () => {
  const database = join(makeFolder(), 'billaged.db');
  const billaged = await startBillagedProcess(database);
  expect(await billingClient(billaged.url).sendMetricsBatch(batch)).toMatchObject({ success: true });
  const response = await fetch(`${billaged.url}/sim/faults/process-crash`, { method: 'PUT' });
  expect(await response.json()).toMatchObject({ name: 'process-crash', active: { values: { size: 100 } } });
  // No status: a signal has ended it, which a shell and Docker call 137.
  expect((await billaged.ended()).status).toBeNull();
  expect(billaged.log()).toContainEqual(expect.objectContaining({ msg: 'fault is on', fault: 'process-crash' }));
  expect(billaged.log().filter(({ msg }) => msg === 'shutting down')).toEqual([]);

  const again = await startBillagedProcess(database);
  expect(await billingClient(again.url).sendMetricsBatch(batch)).toMatchObject({ success: true });
  const usage = await (await fetch(`${again.url}/v1/usage?vm_id=ud-1`)).json();
  expect(usage).toMatchObject({ usage: [{ customer_id: 'acme', samples: 2, cpu_time_nanos: '10' }] });
});

test('faults are switched by whoever has the token of the file', async () => {
  const token = join(makeFolder(), 'token');
  writeFileSync(token, 'of-the-test-and-long-enough\n');
  const { url } = await startBillagedProcess(':memory:', { SIM_CONTROL_TOKEN_FILE: token });
  const list = (headers: Record<string, string>) => fetch(`${url}/sim/faults`, { headers });
  expect((await list({})).status).toBe(401);
  expect((await list({ authorization: 'Bearer of-the-test-and-long-enough' })).status).toBe(200);
});

test('a token file that cannot be read ends the command with what is allowed', async () => {
  const { status, stderr } = await startCommandInTest('billaged-sim', ['--port=0', '--database=:memory:'], {
    SIM_CONTROL: 'true',
    SIM_CONTROL_TOKEN_FILE: '/nonexistent/token',
  }).ended();
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^billaged-sim: SIM_CONTROL_TOKEN_FILE="\/nonexistent\/token": allowed is the path of a file with a token of at least 16 .*ENOENT.*\n$/,
  );
});
