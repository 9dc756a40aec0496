import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { propagation, trace } from '@opentelemetry/api';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunningService } from '../lifecycle/serve.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';
import { fastifyTelemetry } from './plugin.ts';
import { fastifyOptions } from './server-options.ts';

let telemetry: Telemetry;
let service: RunningService;
let lines: Record<string, unknown>[];
let stuck: PromiseWithResolvers<void>;
let release: PromiseWithResolvers<void>;
let app: FastifyInstance;

beforeEach(async () => {
  ({ telemetry, lines } = await startTestTelemetry());
  stuck = Promise.withResolvers();
  release = Promise.withResolvers();
  app = Fastify(fastifyOptions(telemetry));
  await app.register(fastifyTelemetry(telemetry));
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
  app.get('/hijacked', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(202).end('taken over');
  });
  app.get('/broken-off', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200).write('the first half', () => reply.raw.destroy());
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
  await expect.poll(written, { timeout: 100_000 }).toHaveLength(count);
  return written();
}

async function pageOfMetrics(): Promise<string> {
  return (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
}

function countLine(method: string, route: string, status: number, count: number): string {
  const labels = `http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"`;
  return `http_server_request_duration_seconds_count{${labels}} ${count}\n`;
}

test('a request makes one line and one series with its route pattern, not its path', async () => {
  await fetch(`${service.url}/vms/vm-4711?secret=hunter2`);
  await fetch(`${service.url}/vms/vm-4712`);
  const [line] = await requestLines(2);
  expect(line).toMatchObject({ level: 'info', service: 'shop', method: 'GET', route: '/vms/:id', status: 200 });
  expect(line?.['duration_ms']).toBeGreaterThan(0);
  expect(String(line?.['duration_ms'])).toMatch(/^\d+(\.\d{1,3})?$/);
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

test('an unknown method becomes _OTHER', async () => {
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

test('a request that its client cancels is counted as 499', async () => {
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

/** HTTP requests that run, as a scrape sees them. */
async function activeRequests(): Promise<number> {
  const values = (await pageOfMetrics()).matchAll(/^http_server_active_requests\{.*\} (\d+)$/gm);
  return Array.from(values, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}

test('the gauge of active requests includes running ones and no cancelled ones', async () => {
  const abandoned = request(`${service.url}/stuck`).end();
  const failed = once(abandoned, 'error');
  await stuck.promise;
  try {
    expect(await activeRequests()).toBe(1);
    expect(await pageOfMetrics()).toContain(
      'http_server_active_requests{http_request_method="GET",url_scheme="http"} 1\n',
    );
    abandoned.destroy(new Error('no patience'));
    await failed;
    await expect.poll(activeRequests).toBe(0);
  } finally {
    release.resolve();
  }
});

test('pipelined requests leave the gauge when their connection breaks', async () => {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.write('GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
  try {
    await expect.poll(activeRequests).toBe(3);
    socket.destroy();
    await expect.poll(activeRequests).toBe(0);
    expect((await requestLines(3)).map(({ status }) => status)).toEqual([499, 499, 499]);
  } finally {
    release.resolve();
  }
});

test('a hijacked reply is counted with its status', async () => {
  expect(await (await fetch(`${service.url}/hijacked`)).text()).toBe('taken over');
  expect(await requestLines(1)).toMatchObject([{ level: 'info', route: '/hijacked', status: 202 }]);
  expect(await activeRequests()).toBe(0);
});

test('a response that the server breaks off counts as 500 whatever its status line', async () => {
  await expect(fetch(`${service.url}/broken-off`).then((response) => response.text())).rejects.toThrow('terminated');
  expect(await requestLines(1)).toMatchObject([{ level: 'error', route: '/broken-off', status: 500 }]);
  expect(await activeRequests()).toBe(0);
});

test('an injected request without a socket is counted like others', async () => {
  expect((await app.inject({ method: 'GET', url: '/vms/1' })).statusCode).toBe(200);
  expect(await requestLines(1)).toMatchObject([{ route: '/vms/:id', status: 200 }]);
  expect(await activeRequests()).toBe(0);
});

test('a malformed URL, which reaches no hook, is counted as unmatched', async () => {
  expect((await fetch(`${service.url}/%zz`)).status).toBe(400);
  await expect.poll(pageOfMetrics).toContain(countLine('GET', 'unmatched', 400, 1));
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', msg: 'http request could not be routed' }));
});

test('a second application of the service shares the metrics', async () => {
  const other = Fastify(fastifyOptions(telemetry));
  await other.register(fastifyTelemetry(telemetry));
  other.get('/vms/:id', async () => ({}));
  await other.inject('/vms/1');
  await fetch(`${service.url}/vms/1`);
  await requestLines(2);
  expect(await pageOfMetrics()).toContain(countLine('GET', '/vms/:id', 200, 2));
  await other.close();
});

test('health, readiness and routes without telemetry make neither line nor series', async () => {
  expect(await (await fetch(`${service.url}/health`)).json()).toMatchObject({ status: 'ok', service: 'shop' });
  expect(await (await fetch(`${service.url}/ready`)).json()).toEqual({ status: 'ready', service: 'shop' });
  expect((await fetch(`${service.url}/quiet`)).status).toBe(200);
  await fetch(`${service.url}/vms/1`);
  expect(await requestLines(1)).toMatchObject([{ route: '/vms/:id' }]);
  expect(await pageOfMetrics()).not.toMatch(/http_route="\/(health|ready|quiet)"/);
});

test('a handler runs in the context of its request even after a body was read', async () => {
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

test('the context of one request does not leak into the next one', async () => {
  const headers = { baggage: 'tenant=acme' };
  const first = await fetch(`${service.url}/context`, { method: 'POST', headers });
  const second = await fetch(`${service.url}/context`, { method: 'POST' });
  expect(await first.json()).toMatchObject({ tenant: 'acme' });
  expect(await second.json()).not.toHaveProperty('tenant');
});
