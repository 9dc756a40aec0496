import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { urlOf } from '../http/listen.ts';
import { createCatalogue } from '../metrics/catalogue.ts';
import { readLines } from '../metrics/testing/read-samples.ts';
import { startTracing, type TracingOptions } from './sdk.ts';

const parent = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', baggage: 'tenant=acme' };

let collector: Server | undefined;
afterEach(() => {
  collector?.closeAllConnections();
  collector?.close();
  collector = undefined;
});

async function listen(onRequest: RequestListener): Promise<string> {
  collector = createServer(onRequest).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  return urlOf(collector.address());
}

/** A collector that accepts everything; `requests` are what it got. */
async function startCollector() {
  const requests: { path: string | undefined; body: string }[] = [];
  const endpoint = await listen(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    requests.push({ path: request.url, body: Buffer.concat(chunks).toString() });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  return { endpoint, requests };
}

function start(endpoint: string, options: Partial<TracingOptions> = {}) {
  return startTracing({
    enabled: true,
    samplingRate: 1,
    serviceName: 'shop',
    serviceVersion: '1.2.3',
    instanceId: 'one',
    resourceAttributes: { 'service.namespace': 'market' },
    metrics: createCatalogue(),
    logger: pino({ level: 'silent' }),
    tracesUrl: `${endpoint}/v1/traces`,
    ...options,
  });
}

test('a disabled SDK still propagates trace context and baggage', async () => {
  const tracing = await start('http://127.0.0.1', { enabled: false });
  try {
    const incoming = propagation.extract(ROOT_CONTEXT, parent);
    const outgoing: Record<string, string> = {};
    await context.with(incoming, async () => {
      await Promise.resolve();
      propagation.inject(context.active(), outgoing);
    });
    expect(outgoing).toEqual(parent);
    expect(trace.getTracer('test').startSpan('unrecorded').isRecording()).toBe(false);
  } finally {
    expect(await tracing.close(1_000)).toBeUndefined();
  }
});

test('closing removes the registration so that tracing can start again', async () => {
  const key = createContextKey('test');
  for (const attempt of [1, 2]) {
    const tracing = await start('http://127.0.0.1', { enabled: false });
    const baggageOf = () => propagation.getBaggage(propagation.extract(ROOT_CONTEXT, parent));
    const activeInside = () => context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key));
    expect([attempt, baggageOf()?.getEntry('tenant')?.value, activeInside()]).toEqual([attempt, 'acme', true]);
    await tracing.close(1_000);
    expect([attempt, baggageOf(), activeInside()]).toEqual([attempt, undefined, undefined]);
  }
});

test('closing waits until spans reach the collector with the resource of the service', async () => {
  const { endpoint, requests } = await startCollector();
  const tracing = await start(endpoint);
  trace.getTracer('test').startSpan('boot').end();
  expect(await tracing.close(20_000)).toBeUndefined();
  expect(requests.map(({ path }) => path)).toEqual(['/v1/traces']);
  const [{ resource, scopeSpans }] = JSON.parse(requests[0]?.body ?? '').resourceSpans;
  expect(resource.attributes).toEqual(
    expect.arrayContaining([
      { key: 'service.name', value: { stringValue: 'shop' } },
      { key: 'service.version', value: { stringValue: '1.2.3' } },
      { key: 'service.namespace', value: { stringValue: 'market' } },
      { key: 'service.instance.id', value: { stringValue: 'one' } },
    ]),
  );
  expect(scopeSpans[0].spans).toMatchObject([{ name: 'boot' }]);
});

test('a span that continues a trace names its parent', async () => {
  const { endpoint, requests } = await startCollector();
  const tracing = await start(endpoint);
  trace.getTracer('test').startSpan('continued', {}, propagation.extract(ROOT_CONTEXT, parent)).end();
  await tracing.close(20_000);
  const [{ scopeSpans }] = JSON.parse(requests[0]?.body ?? '').resourceSpans;
  expect(scopeSpans[0].spans).toMatchObject([
    { traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' },
  ]);
});

test('with a rate of 0 only the traces of callers that recorded theirs are recorded', async () => {
  expect(await recorded({ samplingRate: 0 })).toEqual(['continued']);
});

test.for([
  ['always_on', ['new', 'continued', 'unsampled']],
  ['always_off', []],
  ['parentbased_always_on', ['new', 'continued']],
  ['parentbased_always_off', ['continued']],
  ['traceidratio', []],
] as const)('with %s and a rate of 0, %j are recorded', async ([sampler, names]) => {
  expect(await recorded({ samplingRate: 0, sampler })).toEqual(names);
});

/** The names of the spans that reach the collector, of a new trace and of callers that record theirs and do not. */
async function recorded(options: Partial<TracingOptions>): Promise<string[]> {
  const { endpoint, requests } = await startCollector();
  const tracing = await start(endpoint, options);
  const tracer = trace.getTracer('test');
  const traceparent = parent.traceparent.replace(/01$/, '00');
  tracer.startSpan('new', {}, ROOT_CONTEXT).end();
  tracer.startSpan('continued', {}, propagation.extract(ROOT_CONTEXT, parent)).end();
  tracer.startSpan('unsampled', {}, propagation.extract(ROOT_CONTEXT, { traceparent })).end();
  expect(await tracing.close(20_000)).toBeUndefined();
  return requests.flatMap(({ body }) =>
    JSON.parse(body).resourceSpans[0].scopeSpans[0].spans.map(({ name }: { name: string }) => name),
  );
}

test('a collector that hangs does not delay closing, which returns the loss', async () => {
  const tracing = await start(await listen(() => {}));
  trace.getTracer('test').startSpan('lost').end();
  expect(await tracing.close(50)).toEqual({ spans: 1, reason: 'the collector did not answer within 50 ms' });
});

test('a collector that refuses the spans is a loss with its reason', async () => {
  const metrics = createCatalogue();
  const endpoint = await listen((_request, response) => void response.writeHead(400).end());
  const tracing = await start(endpoint, { metrics });
  trace.getTracer('test').startSpan('refused').end();
  expect(await tracing.close(20_000)).toMatchObject({ spans: 1, reason: expect.stringContaining('Bad Request') });
  expect(await readLines(metrics)).toContain('otel_sdk_exporter_span_exported_total{error_type="refused"} 1');
});

test('a collector that rejects some spans is a loss without an error', async () => {
  const answer = JSON.stringify({ partialSuccess: { rejectedSpans: 1, errorMessage: 'too old' } });
  const tracing = await start(await listen((_request, response) => void response.writeHead(200).end(answer)));
  for (const name of ['kept', 'rejected']) trace.getTracer('test').startSpan(name).end();
  expect(await tracing.close(20_000)).toEqual({ spans: 1, reason: 'the collector rejected them' });
});
