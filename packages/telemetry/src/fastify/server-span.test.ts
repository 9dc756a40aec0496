import { once } from 'node:events';
import { request } from 'node:http';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import Fastify from 'fastify';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { RunningService } from '../lifecycle/serve.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';
import { fastifyTelemetry } from './plugin.ts';
import { fastifyOptions } from './server-options.ts';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
let telemetry: Telemetry;
let service: RunningService;
let port: number;

beforeAll(async () => {
  trace.setGlobalTracerProvider(provider);
  ({ telemetry } = await startTestTelemetry());
  const app = Fastify(fastifyOptions(telemetry));
  await app.register(fastifyTelemetry(telemetry));
  app.get('/vms/:id', async () => ({ ok: true }));
  app.get('/broken', async () => {
    throw new Error('no disk');
  });
  app.get('/stuck', () => new Promise(() => undefined));
  service = await telemetry.listen(app, { port: 0 });
  port = Number(new URL(service.url).port);
});
afterEach(() => exporter.reset());
afterAll(async () => {
  await service.close();
  trace.disable();
});

/** The span of the only request: it ends just after its client has the answer. */
async function onlySpan() {
  await expect.poll(() => exporter.getFinishedSpans()).toHaveLength(1);
  const [span] = exporter.getFinishedSpans();
  if (span === undefined) throw new Error('there is one');
  return span;
}

test('a span has the name of its route and standard attributes without secrets', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await fetch(`${service.url}/vms/4711?token=hunter2&page=2`, {
    headers: { 'user-agent': 'curl/8', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  const span = await onlySpan();
  expect(span).toMatchObject({ name: 'GET /vms/:id', kind: 1, status: { code: SpanStatusCode.UNSET } });
  expect(span.spanContext().traceId).toBe(traceId);
  expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
  expect(span.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/vms/:id',
    'url.path': '/vms/4711',
    'url.query': 'token=REDACTED&page=REDACTED',
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'server.port': port,
    'client.address': '127.0.0.1',
    'network.peer.address': '127.0.0.1',
    'network.peer.port': expect.any(Number),
    'network.protocol.version': '1.1',
    'user_agent.original': 'curl/8',
  });
});

test('a handler that throws makes its span an error, with the exception', async () => {
  await fetch(`${service.url}/broken`);
  const span = await onlySpan();
  expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' });
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no disk' });
  expect(span.events).toMatchObject([{ name: 'exception', attributes: { 'exception.message': 'no disk' } }]);
});

test('a client error is not an error of the server span', async () => {
  await fetch(`${service.url}/nowhere`);
  const span = await onlySpan();
  expect(span).toMatchObject({ name: 'GET', status: { code: SpanStatusCode.UNSET } });
  expect(span.attributes).not.toHaveProperty('http.route');
  expect(span.attributes).not.toHaveProperty('error.type');
});

test('an unknown method is HTTP in the span name and kept as an attribute', async () => {
  await fetch(`${service.url}/vms/1`, { method: 'PROPFIND' });
  expect(await onlySpan()).toMatchObject({
    name: 'HTTP',
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' },
  });
});

test('the span of a request that its client cancels ends', async () => {
  const abandoned = request(`${service.url}/stuck`).end();
  const failed = once(abandoned, 'error');
  await expect
    .poll(async () => (await fetch(`${telemetry.metricsUrl}/metrics`)).text())
    .toMatch(/active_requests\{.*\} 1\n/);
  abandoned.destroy(new Error('no patience'));
  await failed;
  const span = await onlySpan();
  expect(span).toMatchObject({ name: 'GET /stuck', attributes: { 'http.response.status_code': 499 } });
});
