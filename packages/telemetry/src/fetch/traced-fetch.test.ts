import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { context as otelContext, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { urlOf } from '../http/listen.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
let telemetry: Telemetry;
let answer: RequestListener;
const server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
let url: string;
let port: number;

beforeAll(async () => {
  trace.setGlobalTracerProvider(provider);
  ({ telemetry } = await startTestTelemetry());
  if (!server.listening) await once(server, 'listening');
  url = urlOf(server.address());
  port = Number(new URL(url).port);
});
afterEach(() => exporter.reset());
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await telemetry.close();
  trace.disable();
});

/** Answers with this status and keeps what was asked. */
function answerWith(status: number) {
  const requests: (IncomingMessage & { readonly text: Promise<string> })[] = [];
  answer = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(Object.assign(request, { text: text(request) }));
    response.writeHead(status).end('{}');
  };
  return requests;
}

function onlySpan() {
  const [span, ...others] = exporter.getFinishedSpans();
  expect(others).toEqual([]);
  if (span === undefined) throw new Error('no span has ended');
  return span;
}

async function countOf(labels: Record<string, string>): Promise<string | undefined> {
  const page = await (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
  const lines = page.split('\n').filter((line) => line.startsWith('http_client_request_duration_seconds_count{'));
  return lines.find((line) => Object.entries(labels).every(([name, value]) => line.includes(`${name}="${value}"`)));
}

test('a call has a client span, and the server gets its context and the baggage', async () => {
  const requests = answerWith(200);
  const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
  const parent = trace.getTracer('test').startSpan('parent');
  const active = propagation.setBaggage(trace.setSpan(otelContext.active(), parent), baggage);
  const response = await otelContext.with(active, () => telemetry.fetch(`${url}/vms/4711?token=hunter2&page=2`));
  expect(await response.json()).toEqual({});

  const span = onlySpan();
  const { traceId, spanId } = span.spanContext();
  expect(requests[0]?.headers).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01`, baggage: 'tenant=acme' });
  expect(traceId).toBe(parent.spanContext().traceId);
  expect(span).toMatchObject({ name: 'GET', kind: 2, parentSpanContext: { spanId: parent.spanContext().spanId } });
  expect(span.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'server.address': '127.0.0.1',
    'server.port': port,
    'url.full': `${url}/vms/4711?token=REDACTED&page=REDACTED`,
  });
  expect(span.status.code).toBe(SpanStatusCode.UNSET);
});

test('the duration is measured by method, server and status', async () => {
  answerWith(204);
  await telemetry.fetch(url, { method: 'post', body: 'x' });
  const labels = { http_request_method: 'POST', server_address: '127.0.0.1', server_port: String(port) };
  expect(await countOf({ ...labels, http_response_status_code: '204', error_type: '' })).toMatch(/ 1$/);
});

test.for([404, 503])('a status of %i is an error of the call', async (status) => {
  answerWith(status);
  expect((await telemetry.fetch(url)).status).toBe(status);
  expect(onlySpan()).toMatchObject({
    attributes: { 'http.response.status_code': status, 'error.type': String(status) },
    status: { code: SpanStatusCode.ERROR },
  });
  expect(await countOf({ http_response_status_code: String(status), error_type: String(status) })).toMatch(/ 1$/);
});

test('headers, method and body of a Request are kept unless the options override them', async () => {
  const requests = answerWith(200);
  const request = new Request(url, {
    method: 'PUT',
    body: 'hello',
    headers: { 'x-tenant': 'acme', accept: 'text/plain' },
  });
  await telemetry.fetch(request);
  await telemetry.fetch(new Request(url, { headers: { accept: 'text/plain' } }), { headers: { accept: 'text/html' } });
  expect(requests[0]).toMatchObject({ method: 'PUT', headers: { 'x-tenant': 'acme', accept: 'text/plain' } });
  expect(requests[0]?.headers['traceparent']).toBeDefined();
  expect(await requests[0]?.text).toBe('hello');
  expect(requests[1]).toMatchObject({ method: 'GET', headers: { accept: 'text/html' } });
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['PUT', 'GET']);
});

test('an unknown method becomes _OTHER', async () => {
  answerWith(200);
  await telemetry.fetch(url, { method: 'PROPFIND' });
  expect(onlySpan()).toMatchObject({
    name: 'HTTP',
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' },
  });
  expect(await countOf({ http_request_method: '_OTHER' })).toMatch(/ 1$/);
});

test.for([
  ['AbortError', () => AbortSignal.abort()],
  ['TimeoutError', () => AbortSignal.timeout(20)],
  ['_OTHER', () => AbortSignal.abort('no patience')],
] as const)('an aborted call ends its span with %s and is counted', async ([errorType, signal]) => {
  answer = () => undefined;
  await expect(telemetry.fetch(url, { signal: signal() })).rejects.toBeDefined();
  expect(onlySpan()).toMatchObject({ attributes: { 'error.type': errorType }, status: { code: SpanStatusCode.ERROR } });
  expect(await countOf({ http_response_status_code: '', error_type: errorType })).toMatch(/ 1$/);
});

test('a call without a response ends its span with the system code', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const address = urlOf(closed.address());
  closed.close();
  await once(closed, 'close');
  await expect(telemetry.fetch(address)).rejects.toThrow('fetch failed');
  expect(onlySpan().attributes).toMatchObject({ 'error.type': 'ECONNREFUSED' });
  expect(await countOf({ error_type: 'ECONNREFUSED' })).toMatch(/ 1$/);
});

test('credentials of an address are not in its span', async () => {
  // fetch itself refuses such an address.
  await expect(telemetry.fetch(`http://user:hunter2@127.0.0.1:${port}/`)).rejects.toThrow(TypeError);
  expect(onlySpan().attributes).toMatchObject({ 'url.full': `${url}/`, 'error.type': 'TypeError' });
});

test('an invalid URL is refused as fetch refuses it, without a span', async () => {
  await expect(telemetry.fetch('/relative')).rejects.toThrow(TypeError);
  expect(exporter.getFinishedSpans()).toEqual([]);
});
