import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type Attributes, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { urlOf } from '../http/listen.ts';
import { createCatalogue } from '../metrics/catalogue.ts';
import { startTracing, type Tracing } from './sdk.ts';

let collector: Server;
let tracing: Tracing;
let bodies: string[];
let resourceAttributes: Attributes;

beforeEach(async () => {
  bodies = [];
  resourceAttributes = {};
  collector = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    bodies.push(Buffer.concat(chunks).toString());
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
});
afterEach(() => {
  collector.closeAllConnections();
  collector.close();
});

async function start() {
  tracing = await startTracing({
    enabled: true,
    samplingRate: 1,
    serviceName: 'shop',
    serviceVersion: '1.2.3',
    instanceId: 'one',
    resourceAttributes,
    metrics: createCatalogue(),
    logger: pino({ level: 'silent' }),
    tracesUrl: `${urlOf(collector.address())}/v1/traces`,
  });
  return trace.getTracer('test');
}

/** What the collector got of one resource. */
async function exported() {
  expect(await tracing.close(20_000)).toBeUndefined();
  expect(bodies).toHaveLength(1);
  const [{ resource, scopeSpans }] = JSON.parse(bodies[0] ?? '').resourceSpans;
  return { resource, spans: scopeSpans[0].spans };
}

test.for([
  [Number.NaN, { doubleValue: 'NaN' }],
  [Number.POSITIVE_INFINITY, { doubleValue: 'Infinity' }],
  [Number.NEGATIVE_INFINITY, { doubleValue: '-Infinity' }],
  [5e19, { doubleValue: 5e19 }],
  [-1e300, { doubleValue: -1e300 }],
  [2 ** 63, { doubleValue: 2 ** 63 }],
  [-(2 ** 63), { doubleValue: -(2 ** 63) }],
  [2 ** 63 - 1024, { intValue: 2 ** 63 - 1024 }],
  [1 - 2 ** 53, { intValue: 1 - 2 ** 53 }],
  [0.5, { doubleValue: 0.5 }],
  ['NaN', { stringValue: 'NaN' }],
] as const)('the number %s is sent as %j', async ([value, sent]) => {
  const tracer = await start();
  tracer.startSpan('ratio', { attributes: { value } }).end();
  expect((await exported()).spans).toMatchObject([{ attributes: [{ key: 'value', value: sent }] }]);
});

test('such numbers are sent wherever they are in a span, and the other spans with them', async () => {
  const tracer = await start();
  for (let index = 0; index < 60; index += 1) tracer.startSpan('good', { attributes: { index } }).end();
  const context = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  const bad = tracer.startSpan('bad', { links: [{ context, attributes: { load: Number.NaN } }] });
  bad.setAttribute('list', [1, Number.NaN, 7e19]).addEvent('full', { 'free.ratio': Number.NEGATIVE_INFINITY });
  bad.end();
  const { spans } = await exported();
  expect(spans).toHaveLength(61);
  expect(spans[59]).toMatchObject({ name: 'good', attributes: [{ key: 'index', value: { intValue: 59 } }] });
  expect(spans[60]).toMatchObject({
    name: 'bad',
    attributes: [
      {
        key: 'list',
        value: { arrayValue: { values: [{ intValue: 1 }, { doubleValue: 'NaN' }, { doubleValue: 7e19 }] } },
      },
    ],
    events: [{ name: 'full', attributes: [{ key: 'free.ratio', value: { doubleValue: '-Infinity' } }] }],
    links: [{ spanId: context.spanId, attributes: [{ key: 'load', value: { doubleValue: 'NaN' } }] }],
  });
});

test('a resource may have such numbers', async () => {
  resourceAttributes = { 'host.load': Number.NaN, 'host.free': 5e19 };
  const tracer = await start();
  tracer.startSpan('boot').end();
  tracer.startSpan('stop').end();
  const { resource, spans } = await exported();
  expect(spans).toHaveLength(2);
  expect(resource.attributes).toEqual(
    expect.arrayContaining([
      { key: 'host.load', value: { doubleValue: 'NaN' } },
      { key: 'host.free', value: { doubleValue: 5e19 } },
    ]),
  );
});

test('a time that is no number costs no other span', async () => {
  const tracer = await start();
  tracer.startSpan('good').end();
  tracer.startSpan('bad', { startTime: Number.NaN }).end(Number.POSITIVE_INFINITY);
  const { spans } = await exported();
  expect(spans).toMatchObject([{ name: 'good' }, { name: 'bad', startTimeUnixNano: '0' }]);
});

test('a link to no trace is left out', async () => {
  const tracer = await start();
  const context = { traceId: 'the trace', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  tracer.startSpan('linked', { links: [{ context }] }).end();
  expect((await exported()).spans).toMatchObject([{ name: 'linked', links: [], droppedLinksCount: 1 }]);
});
