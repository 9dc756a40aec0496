import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningService } from '../lifecycle/serve.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
let telemetry: Telemetry;
let service: RunningService;
let lines: Record<string, unknown>[];
let stuck: PromiseWithResolvers<void>;

beforeAll(() => trace.setGlobalTracerProvider(provider));
afterAll(() => trace.disable());

const routes: Readonly<Record<string, string | false>> = {
  vms: '/vms/:id',
  broken: '/broken',
  'broken-off': '/broken-off',
  stuck: '/stuck',
  quiet: false,
};

/** The first part of the path, which says what to do. */
const nameIn = ({ url = '' }: IncomingMessage) => url.split(/[/?]/)[1] ?? '';

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = nameIn(request);
  if (name === 'broken') throw new Error('no disk');
  if (name === 'stuck') stuck.resolve();
  else if (name === 'broken-off') {
    response.write('the first half');
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('no more');
  } else {
    telemetry.logger.info('in the handler');
    response.writeHead(name in routes ? 200 : 404).end('{}');
  }
}

beforeEach(async () => {
  ({ telemetry, lines } = await startTestTelemetry());
  stuck = Promise.withResolvers();
  const server = createServer(telemetry.nodeHttp(handle, { route: (request) => routes[nameIn(request)] }));
  service = await telemetry.listen(server, { port: 0 });
});
afterEach(async () => {
  await service.close();
  exporter.reset();
});

/** The line of the only request: it is reported just after its client has the answer. */
async function requestLine(): Promise<Record<string, unknown> | undefined> {
  const written = () => lines.filter(({ msg }) => msg === 'http request');
  await expect.poll(written, { timeout: 100_000 }).toHaveLength(1);
  return written()[0];
}

async function pageOfMetrics(): Promise<string> {
  return (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
}

function countLine(method: string, route: string, status: number): string {
  const labels = `http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"`;
  return `http_server_request_duration_seconds_count{${labels}} 1\n`;
}

test('a request makes a span, a line and a series with the pattern of its route', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const response = await fetch(`${service.url}/vms/vm-4711?token=hunter2`, {
    headers: { 'user-agent': 'curl/8', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  expect(response.status).toBe(200);
  const line = await requestLine();
  expect(line).toMatchObject({ level: 'info', method: 'GET', route: '/vms/:id', status: 200, trace_id: traceId });
  expect(lines.find(({ msg }) => msg === 'in the handler')).toMatchObject({ trace_id: traceId });
  const page = await pageOfMetrics();
  expect(page).toContain(countLine('GET', '/vms/:id', 200));
  expect(page + JSON.stringify(lines)).not.toMatch(/vm-4711|hunter2/);
  const [span] = exporter.getFinishedSpans();
  expect(span).toMatchObject({ name: 'GET /vms/:id', kind: 1, status: { code: SpanStatusCode.UNSET } });
  expect(span?.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
  expect(span?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/vms/:id',
    'url.path': '/vms/vm-4711',
    'url.query': 'token=REDACTED',
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(service.url).port),
    'client.address': '127.0.0.1',
    'network.peer.address': '127.0.0.1',
    'network.peer.port': expect.any(Number),
    'network.protocol.version': '1.1',
    'user_agent.original': 'curl/8',
  });
});

test('a path without a route is unmatched and makes no series of its own', async () => {
  expect((await fetch(`${service.url}/wp-admin/setup.php`)).status).toBe(404);
  expect(await requestLine()).toMatchObject({ level: 'warn', route: 'unmatched', status: 404 });
  const page = await pageOfMetrics();
  expect(page).toContain(countLine('GET', 'unmatched', 404));
  expect(page).not.toContain('wp-admin');
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['GET']);
});

test('a rejected handler is answered with 500; only log and span have the reason', async () => {
  const response = await fetch(`${service.url}/broken`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('no disk');
  expect(await requestLine()).toMatchObject({ level: 'error', status: 500, err: { message: 'no disk' } });
  expect(await pageOfMetrics()).toContain(countLine('GET', '/broken', 500));
  expect(exporter.getFinishedSpans()).toMatchObject([
    { status: { code: SpanStatusCode.ERROR, message: 'no disk' }, events: [{ name: 'exception' }] },
  ]);
});

test('a handler that rejects midway breaks off its response', async () => {
  await expect(fetch(`${service.url}/broken-off`).then((response) => response.text())).rejects.toThrow('terminated');
  expect(await requestLine()).toMatchObject({ level: 'error', status: 500, err: { message: 'no more' } });
});

test('a request that its client cancels is counted as 499 and leaves the gauge', async () => {
  const active = 'http_server_active_requests{http_request_method="GET",url_scheme="http"}';
  const abandoned = sendRequest(`${service.url}/stuck`).end();
  const failed = once(abandoned, 'error');
  await stuck.promise;
  expect(await pageOfMetrics()).toContain(`${active} 1\n`);
  abandoned.destroy(new Error('no patience'));
  await failed;
  expect(await requestLine()).toMatchObject({ level: 'warn', route: '/stuck', status: 499 });
  expect(await pageOfMetrics()).toContain(`${active} 0\n`);
});

test('health, readiness and routes without telemetry make nothing', async () => {
  expect(await (await fetch(`${service.url}/health`)).json()).toMatchObject({ status: 'ok', service: 'shop' });
  const ready = await fetch(`${service.url}/ready`);
  expect(ready.headers.get('cache-control')).toBe('no-store');
  expect(await ready.json()).toEqual({ status: 'ready', service: 'shop' });
  expect((await fetch(`${service.url}/quiet`)).status).toBe(200);
  await fetch(`${service.url}/vms/1`);
  expect(await requestLine()).toMatchObject({ route: '/vms/:id' });
  expect(exporter.getFinishedSpans()).toHaveLength(1);
});

test('other methods on the health paths reach the handler', async () => {
  expect((await fetch(`${service.url}/health`, { method: 'POST' })).status).toBe(404);
  expect(await requestLine()).toMatchObject({ method: 'POST', route: 'unmatched' });
});
