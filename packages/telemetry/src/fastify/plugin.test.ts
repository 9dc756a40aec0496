import { once } from 'node:events';
import { request } from 'node:http';
import { propagation, trace } from '@opentelemetry/api';
import Fastify from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunningService } from '../lifecycle/serve.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

let telemetry: Telemetry;
let service: RunningService;
let lines: Record<string, unknown>[];
let stuck: PromiseWithResolvers<void>;
let release: PromiseWithResolvers<void>;

beforeEach(async () => {
  ({ telemetry, lines } = await startTestTelemetry());
  stuck = Promise.withResolvers();
  release = Promise.withResolvers();
  const app = Fastify(telemetry.fastifyOptions);
  await app.register(telemetry.fastify);
  app.get('/vms/:id', async () => ({ ok: true }));
  app.get('/quiet', { config: { telemetry: false } }, async () => ({ ok: true }));
  app.post('/context', async ({ log }) => {
    log.info('in the handler');
    const tenant = propagation.getActiveBaggage()?.getEntry('tenant')?.value;
    return { tenant, trace_id: trace.getActiveSpan()?.spanContext().traceId };
  });
  app.get('/broken', async () => {
    throw new Error('no disk');
  });
  app.get('/stuck', async () => {
    stuck.resolve();
    await release.promise;
    return {};
  });
  service = await telemetry.listen(app, { port: 0 });
});
afterEach(() => service.close());

/** Waits for the lines of so many requests: a request is reported just after its client has the answer. */
async function requestLines(count: number): Promise<Record<string, unknown>[]> {
  const written = () => lines.filter(({ msg }) => msg === 'http request');
  await expect.poll(written, { timeout: 10_000 }).toHaveLength(count);
  return written();
}

async function pageOfMetrics(): Promise<string> {
  return (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
}

function countLine(method: string, route: string, status: number, count: number): string {
  const labels = `http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"`;
  return `http_server_request_duration_seconds_count{${labels}} ${count}\n`;
}

test('a request leaves one line and one series with the pattern of its route, never with its path', async () => {
  await fetch(`${service.url}/vms/vm-4711?secret=hunter2`);
  await fetch(`${service.url}/vms/vm-4712`);
  const [line] = await requestLines(2);
  expect(line).toMatchObject({ level: 'info', service: 'shop', method: 'GET', route: '/vms/:id', status: 200 });
  expect(line?.['duration_ms']).toBeGreaterThan(0);
  const page = await pageOfMetrics();
  expect(page).toContain(countLine('GET', '/vms/:id', 200, 2));
  expect(page + JSON.stringify(lines)).not.toMatch(/vm-471|hunter2/);
});

test('a path without a route is unmatched', async () => {
  expect((await fetch(`${service.url}/wp-admin/setup.php`)).status).toBe(404);
  const [line] = await requestLines(1);
  expect(line).toMatchObject({ level: 'warn', route: 'unmatched', status: 404 });
  const page = await pageOfMetrics();
  expect(page).toContain(countLine('GET', 'unmatched', 404, 1));
  expect(page).not.toContain('wp-admin');
});

test('a method that is not a usual one becomes _OTHER', async () => {
  await fetch(`${service.url}/vms/1`, { method: 'PROPFIND' });
  await requestLines(1);
  const page = await pageOfMetrics();
  expect(page).toContain(countLine('_OTHER', 'unmatched', 404, 1));
  expect(page).not.toContain('PROPFIND');
});

test('a handler that throws is logged as an error and counted as 500', async () => {
  expect((await fetch(`${service.url}/broken`)).status).toBe(500);
  const [line] = await requestLines(1);
  expect(line).toMatchObject({ level: 'error', route: '/broken', status: 500, err: { message: 'no disk' } });
  expect(lines.filter(({ level }) => level === 'error')).toEqual([line]);
  expect(await pageOfMetrics()).toContain(countLine('GET', '/broken', 500, 1));
});

test('a request that its client gives up is counted as 499', async () => {
  const abandoned = request(`${service.url}/stuck`).end();
  const failed = once(abandoned, 'error');
  await stuck.promise;
  abandoned.destroy(new Error('no patience'));
  await failed;
  try {
    const [line] = await requestLines(1);
    expect(line).toMatchObject({ level: 'warn', route: '/stuck', status: 499 });
    expect(await pageOfMetrics()).toContain(countLine('GET', '/stuck', 499, 1));
  } finally {
    release.resolve();
  }
});

test('health, readiness and routes without telemetry leave neither line nor series', async () => {
  expect(await (await fetch(`${service.url}/health`)).json()).toMatchObject({ status: 'ok', service: 'shop' });
  expect(await (await fetch(`${service.url}/ready`)).json()).toEqual({ status: 'ready', service: 'shop' });
  expect((await fetch(`${service.url}/quiet`)).status).toBe(200);
  await fetch(`${service.url}/vms/1`);
  expect(await requestLines(1)).toMatchObject([{ route: '/vms/:id' }]);
  expect(await pageOfMetrics()).not.toMatch(/http_route="\/(health|ready|quiet)"/);
});

test('a handler runs in the context of its request, also after a body was read', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const response = await fetch(`${service.url}/context`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      baggage: 'tenant=acme',
    },
    body: JSON.stringify({ filler: 'x'.repeat(100_000) }),
  });
  expect(await response.json()).toEqual({ tenant: 'acme', trace_id: traceId });
  const [line] = await requestLines(1);
  expect(line).toMatchObject({ route: '/context', trace_id: traceId });
  const inHandler = lines.find(({ msg }) => msg === 'in the handler');
  expect(inHandler).toMatchObject({ trace_id: traceId, reqId: line?.['reqId'] });
});

test('the context of one request does not reach the next one', async () => {
  const headers = { baggage: 'tenant=acme' };
  const first = await fetch(`${service.url}/context`, { method: 'POST', headers });
  const second = await fetch(`${service.url}/context`, { method: 'POST' });
  expect(await first.json()).toMatchObject({ tenant: 'acme' });
  expect(await second.json()).not.toHaveProperty('tenant');
});
