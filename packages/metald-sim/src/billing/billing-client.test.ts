import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { startTelemetry } from '@vmobs/telemetry';
import { SendMetricsBatchRequestSchema, SendMetricsBatchResponseSchema } from '@vmobs/wire/billing';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { metaldDefaults } from '../config.ts';
import { createBillingClient, createNullClient, retryAfterMs } from './billing-client.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Never aborted. */
const { signal } = new AbortController();

const batch = toBinary(
  SendMetricsBatchRequestSchema,
  create(SendMetricsBatchRequestSchema, { vmId: 'ud-1', customerId: 'acme', metrics: [{ cpuTimeNanos: 7n }] }),
);
const answerOf = (success: boolean, message = '') =>
  toBinary(SendMetricsBatchResponseSchema, create(SendMetricsBatchResponseSchema, { success, message }));

/** A client and the server that it talks to. */
async function createTestClient(answer: (response: ServerResponse) => void) {
  const requests: { url: string | undefined; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks) });
    answer(response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It listens on a TCP port, so its address is an object.
  const { port } = server.address() as AddressInfo;
  const calls: string[] = [];
  const client = createBillingClient(`http://127.0.0.1:${port}/`, [
    (next) => (request) => {
      calls.push(`${request.service.typeName}/${request.method.name}`);
      request.header.set('traceparent', '00-trace');
      return next(request);
    },
  ]);
  closers.push(client.close, () => server.close());
  return { client, requests, calls, connections: () => connections };
}

const accept = (response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'application/proto' }).end(answerOf(true));

test('a batch is posted byte for byte, as Connect has it, through the interceptors', async () => {
  const { client, requests, calls } = await createTestClient(accept);
  await client.sendBatch(batch, signal);
  expect(requests).toMatchObject([
    {
      url: '/billing.v1.BillingService/SendMetricsBatch',
      headers: { 'content-type': 'application/proto', 'connect-protocol-version': '1', traceparent: '00-trace' },
    },
  ]);
  expect(new Uint8Array(requests[0]?.body ?? [])).toEqual(batch);
  expect(calls).toEqual(['billing.v1.BillingService/SendMetricsBatch']);
});

test('batches beside each other keep their own bytes, and a connection is used again', async () => {
  const { client, requests, connections } = await createTestClient(accept);
  const other = toBinary(SendMetricsBatchRequestSchema, create(SendMetricsBatchRequestSchema, { vmId: 'ud-2' }));
  await Promise.all([client.sendBatch(batch, signal), client.sendBatch(other, signal)]);
  expect(new Set(requests.map(({ body }) => body.toString('hex')))).toEqual(
    new Set([batch, other].map((bytes) => Buffer.from(bytes).toString('hex'))),
  );
  const opened = connections();
  for (let count = 0; count < 5; count += 1) await client.sendBatch(batch, signal);
  expect(connections()).toBe(opened);
});

test('the answer success = false is a refusal with its message', async () => {
  const { client } = await createTestClient((response) =>
    response.writeHead(200, { 'content-type': 'application/proto' }).end(answerOf(false, 'no metrics provided')),
  );
  await expect(client.sendBatch(batch, signal)).rejects.toMatchObject({
    code: Code.InvalidArgument,
    rawMessage: 'no metrics provided',
  });
});

test('an error has the code and the message of billaged', async () => {
  const { client } = await createTestClient((response) =>
    response
      .writeHead(400, { 'content-type': 'application/json' })
      .end(JSON.stringify({ code: 'out_of_range', message: 'too old' })),
  );
  await expect(client.sendBatch(batch, signal)).rejects.toMatchObject({ code: Code.OutOfRange, rawMessage: 'too old' });
});

test.for(['text/plain', 'application/json'])(
  'Retry-After of an overloaded server is there, with a body of %s',
  async (type) => {
    const { client } = await createTestClient((response) =>
      response.writeHead(503, { 'content-type': type, 'retry-after': '7' }).end('{}'),
    );
    for (const call of [
      client.sendBatch(batch, signal),
      client.sendNotice({ kind: 'stopped', vmId: 'ud-1', stopTime: 1n }, signal),
    ]) {
      const error = await call.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: Code.Unavailable });
      expect(retryAfterMs(error, Date.now())).toBe(7_000);
    }
  },
);

test('nobody there is unavailable', async () => {
  const client = createBillingClient('http://127.0.0.1:1', []);
  closers.push(client.close);
  await expect(client.sendBatch(batch, signal)).rejects.toMatchObject({ code: Code.Unavailable });
});

test('a call that is broken off ends, though billaged never answers', async () => {
  const { client, requests } = await createTestClient(() => undefined);
  const aborting = new AbortController();
  const call = client.sendBatch(batch, aborting.signal);
  const ended = expect(call).rejects.toMatchObject({ code: Code.Canceled });
  await expect.poll(() => requests.length, { timeout: 100_000 }).toBe(1);
  aborting.abort();
  await ended;
});

test('each notice goes to its own method', async () => {
  const { client, calls } = await createTestClient(accept);
  await client.sendNotice({ kind: 'started', vmId: 'a', customerId: 'acme', startTime: 1n }, signal);
  await client.sendNotice({ kind: 'stopped', vmId: 'a', stopTime: 2n }, signal);
  await client.sendNotice({ kind: 'gap', vmId: 'a', lastSent: 1n, resumeTime: 2n }, signal);
  await client.sendHeartbeat({ instanceId: 'metald-1', activeVms: ['a'] });
  expect(calls.map((call) => call.split('/')[1])).toEqual([
    'NotifyVmStarted',
    'NotifyVmStopped',
    'NotifyPossibleGap',
    'SendHeartbeat',
  ]);
});

test('without billaged a batch is dropped with a line that has its size', async () => {
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startTelemetry({
    name: 'metald',
    version: '0',
    settings: { ...metaldDefaults, metricsPort: 0, logLevel: 'debug' },
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  onTestFinished(async () => void (await telemetry.close()));
  await createNullClient(telemetry.logger).sendBatch(batch, signal);
  expect(lines.at(-1)).toMatchObject({
    level: 'debug',
    msg: 'billing is off: batch dropped',
    bytes: batch.length,
  });
});

const now = Date.parse('2026-01-01T00:00:00Z');

test.for([
  ['7', 7_000],
  ['0', 0],
  [' 3 ', 3_000],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ['', undefined],
  ['soon', undefined],
] as const)('Retry-After %j is %s ms', ([value, expected]) => {
  expect(retryAfterMs(new ConnectError('busy', Code.Unavailable, { 'retry-after': value }), now)).toBe(expected);
});

test('an error without the header, or without headers, has no Retry-After', () => {
  expect(retryAfterMs(new ConnectError('busy'), now)).toBeUndefined();
  expect(retryAfterMs(new TypeError('fetch failed'), now)).toBeUndefined();
});
