import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startMetald } from '@vmobs/metald-sim';
import { readSettings } from '@vmobs/settings';
import { afterEach, expect, test } from 'vitest';
import { labSettings } from './config.ts';
import { startLab } from './start-lab.ts';

/** How long a slow machine may take. */
const patience = { timeout: 100_000 };

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const defaults = readSettings(labSettings, { env: {}, prefixes: [] });

test('clients use metald, notifications are logged, and close ends everything in order', async () => {
  const metald = await startMetald({
    port: 0,
    metricsPort: 0,
    billingEnabled: false,
    timeScale: 1_000,
    logLevel: 'silent',
  });
  closers.push(metald.close);
  const lines: Record<string, unknown>[] = [];
  const lab = await startLab({
    ...defaults,
    metald: metald.url,
    port: 0,
    clients: 2,
    lifeMs: 40,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  closers.push(lab.close);

  expect(await (await fetch(`${lab.url}/health`)).json()).toEqual({ status: 'ok', service: 'lab' });
  const operations = async () => {
    const page = await (await fetch(`${metald.telemetry.metricsUrl}/metrics`)).text();
    return Number(/^metald_vm_operations_total{operation="delete",status="success"} (\d+)$/m.exec(page)?.[1]);
  };
  await expect.poll(operations, patience).toBeGreaterThan(0);

  const alert = { labels: {}, startsAt: '', endsAt: '', fingerprint: '' };
  const response = await fetch(`${lab.url}/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      version: '4',
      receiver: 'lab',
      status: 'firing',
      groupKey: 'k',
      groupLabels: { alertname: 'ServiceDown' },
      alerts: [{ ...alert, status: 'firing', annotations: { summary: 'metald is down' } }],
    }),
  });
  expect(response.status).toBe(204);
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'info',
      service: 'lab',
      msg: 'alert notification',
      status: 'firing',
      group: { alertname: 'ServiceDown' },
      alerts: ['metald is down'],
    }),
  );
});

test('a port in use is reported in one sentence', async () => {
  const first = await startLab({ ...defaults, port: 0, clients: 0, logLevel: 'silent' });
  closers.push(first.close);
  const port = Number(new URL(first.url).port);
  await expect(startLab({ ...defaults, port, clients: 0, logLevel: 'silent' })).rejects.toThrow(
    new RegExp(`the webhook sink cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`),
  );
});

test('a lab that cannot compare the log store leaves no port open', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const lab = startLab({
    ...defaults,
    port,
    clients: 0,
    logFiles: ['/logs'],
    logStoreUrl: 'ftp://logs',
    logLevel: 'silent',
  });
  await expect(lab).rejects.toThrow('ftp://logs is not the address of a log store');
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
});
