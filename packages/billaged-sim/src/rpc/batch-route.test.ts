import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { SendMetricsBatchRequestSchema, SendMetricsBatchResponseSchema } from '@vmobs/wire/billing';
import { expect, test } from 'vitest';
import { LedgerUnavailableError } from '../ledger/ledger.ts';
import { batchPath } from './batch-route.ts';
import { startTestApi, type TestApi } from './testing/start-test-api.ts';

const now = Date.parse('2026-01-31T12:00:00Z');
const nowSeconds = BigInt(now / 1_000);

function body(message: MessageInitShape<typeof SendMetricsBatchRequestSchema>): Buffer {
  return Buffer.from(toBinary(SendMetricsBatchRequestSchema, create(SendMetricsBatchRequestSchema, message)));
}

const sampleAt = (seconds: bigint, cpuTimeNanos = seconds) => ({ timestamp: { seconds }, cpuTimeNanos });
const batch = body({ vmId: 'ud-1', customerId: 'acme', metrics: [sampleAt(1n), sampleAt(2n)] });

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Sent {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer;
}

function send({ url }: TestApi, { method = 'POST', headers = {}, body: bytes = batch }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${batchPath}`, { method, headers, agent: false }, (response) => {
      const { statusCode: status, headers: answered } = response;
      buffer(response).then((content) => resolve({ status, headers: answered, body: content }), reject);
    });
    request.once('error', reject).end(bytes);
  });
}

/** The same request by either way: Connect takes any case of the media type, the route of its own only one. */
async function byBothWays(api: TestApi, sent: Sent): Promise<readonly [own: Answer, generic: Answer]> {
  const withType = (type: string) => ({ ...sent, headers: { 'content-type': type, ...sent.headers } });
  return [await send(api, withType('application/proto')), await send(api, withType('application/PROTO'))];
}

/** What a client sees, without what differs between any two answers. */
function seen({ status, headers, body: bytes }: Answer) {
  const { date, ...others } = headers;
  return { status, headers: others, hasDate: date !== undefined, body: bytes.toString('latin1') };
}

const manySamples = body({ vmId: 'ud-1', metrics: Array.from({ length: 1_001 }, () => sampleAt(1n)) });
const sameAnswers: readonly [what: string, sent: Sent, status: number][] = [
  ['a batch', {}, 200],
  ['a batch of no customer', { body: body({ vmId: 'ud-1', metrics: [sampleAt(1n)] }) }, 200],
  ['an empty batch', { body: body({ vmId: 'ud-1' }) }, 200],
  ['no body', { body: Buffer.alloc(0) }, 200],
  ['a batch in chunks', { headers: { 'transfer-encoding': 'chunked' } }, 200],
  ['a batch that is said to be as it is', { headers: { 'content-encoding': 'identity' } }, 200],
  ['a compressed batch', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(batch) }, 200],
  ['a client that takes compressed answers', { headers: { 'accept-encoding': 'gzip, br' } }, 200],
  ['an unknown compression', { headers: { 'content-encoding': 'zstd' } }, 501],
  ['the version of the protocol', { headers: { 'connect-protocol-version': '1' } }, 200],
  ['another version of the protocol', { headers: { 'connect-protocol-version': '2' } }, 200],
  ['a timeout', { headers: { 'connect-timeout-ms': '10000' } }, 200],
  ['a timeout of nothing', { headers: { 'connect-timeout-ms': '0' } }, 200],
  ['a timeout that is none', { headers: { 'connect-timeout-ms': '1s' } }, 400],
  ['a timeout of too many digits', { headers: { 'connect-timeout-ms': '12345678901' } }, 400],
  ['GET', { method: 'GET', body: Buffer.alloc(0) }, 405],
  ['PUT', { method: 'PUT' }, 405],
  ['no VM', { body: body({ metrics: [sampleAt(1n)] }) }, 400],
  ['an id that is too long', { body: body({ vmId: 'x'.repeat(129), metrics: [sampleAt(1n)] }) }, 400],
  ['an id with a control character', { body: body({ vmId: 'x', customerId: 'a\0b', metrics: [sampleAt(1n)] }) }, 400],
  ['too many samples', { body: manySamples }, 400],
  ['a sample without a time', { body: body({ vmId: 'ud-1', metrics: [sampleAt(1n), {}] }) }, 400],
  ['a time before 1970', { body: body({ vmId: 'ud-1', metrics: [sampleAt(-1n, 0n)] }) }, 400],
  ['a time after 9999', { body: body({ vmId: 'ud-1', metrics: [sampleAt(253_402_300_800n)] }) }, 400],
  [
    'a fraction of a second that is none',
    { body: body({ vmId: 'ud-1', metrics: [{ timestamp: { nanos: -1 } }] }) },
    400,
  ],
  ['a negative counter', { body: body({ vmId: 'ud-1', metrics: [sampleAt(1n, -1n)] }) }, 400],
  ['a counter over 2^53', { body: body({ vmId: 'ud-1', metrics: [sampleAt(1n, 2n ** 53n)] }) }, 400],
  ['the year 9999', { body: body({ vmId: 'ud-1', metrics: [sampleAt(253_402_300_799n)] }) }, 400],
  [
    'some samples ahead of the clock',
    { body: body({ vmId: 'v', metrics: [sampleAt(nowSeconds + 301n), sampleAt(1n)] }) },
    200,
  ],
  ['a body that is too large', { body: Buffer.alloc(60_001) }, 429],
  [
    'a body that is too large, in chunks',
    { headers: { 'transfer-encoding': 'chunked' }, body: Buffer.alloc(60_001) },
    429,
  ],
];

test.for(sameAnswers)('%s is answered as by the generic adapter', async ([, sent, status]) => {
  const api = await startTestApi({ now: () => now, maxRequestBytes: 60_000 });
  const [own, generic] = await byBothWays(api, sent);
  expect(own.status).toBe(status);
  expect(seen(own)).toEqual(seen(generic));
  const batches = api.ledger.seen;
  expect(batches[0]).toEqual(batches[1]);
  expect(batches.length % 2).toBe(0);
});

test.for([
  ['unavailable', new LedgerUnavailableError('the disk is full'), 503, '1'],
  ['failing', new Error('a secret'), 500, undefined],
] as const)('a ledger that is %s is reported as by the generic adapter', async ([, error, status, retryAfter]) => {
  const api = await startTestApi();
  api.ledger.answer = () => Promise.reject(error);
  const [own, generic] = await byBothWays(api, {});
  expect(own).toMatchObject({ status, headers: { 'content-type': 'application/json' } });
  expect(own.headers['retry-after']).toBe(retryAfter);
  expect(own.body.toString()).not.toContain('secret');
  expect(seen(own)).toEqual(seen(generic));
  expect(await api.metric('billaged_errors_total{component="ledger"}')).toBe(2);
});

test('a body that is not a batch is invalid for the batch route and for the adapter', async () => {
  const api = await startTestApi();
  const [own, generic] = await byBothWays(api, { body: Buffer.from([0x0a, 5]) });
  expect(own.status).toBe(400);
  expect(JSON.parse(own.body.toString())).toEqual({
    code: 'invalid_argument',
    message: 'parse binary: premature EOF',
  });
  expect(seen(own)).toEqual(seen(generic));
});

test('a bug of the service is answered as internal, with details only in the log', async () => {
  const api = await startTestApi();
  api.ledger.append = () => {
    throw new TypeError('a fault');
  };
  const [own, generic] = await byBothWays(api, {});
  expect(own.status).toBe(500);
  expect(own.body.toString()).not.toContain('a fault');
  expect(seen(own)).toEqual(seen(generic));
  expect(JSON.stringify(api.lines)).toContain('a fault');
});

test('samples ahead of the clock are refused and counted, and the others are billed', async () => {
  const api = await startTestApi({ now: () => now });
  const metrics = [sampleAt(nowSeconds + 301n), sampleAt(1n), sampleAt(nowSeconds + 300n), sampleAt(nowSeconds + 400n)];
  const { body: answer } = await send(api, {
    headers: { 'content-type': 'application/proto' },
    body: body({ vmId: 'ud-1', metrics }),
  });
  expect(fromBinary(SendMetricsBatchResponseSchema, answer)).toMatchObject({
    success: true,
    message: 'processed 2 metrics; refused 2 metrics that are more than 5 minutes ahead of 2026-01-31T12:00:00.000Z',
  });
  expect(api.ledger.seen).toMatchObject([{ seconds: [1, Number(nowSeconds) + 300] }]);
  expect(await api.metric('billaged_metrics_refused_total{reason="future"}')).toBe(2);
  expect(await api.metric('billaged_metrics_received_total')).toBe(2);
  expect(await api.metric('billaged_metrics_processed_total')).toBe(2);
});

test('samples of sealed hours are counted, and the log has their VM', async () => {
  const api = await startTestApi();
  api.ledger.answer = async () => ({ accepted: 1, duplicates: 0, sealed: 1 });
  await send(api, { headers: { 'content-type': 'application/proto' } });
  expect(await api.metric('billaged_metrics_refused_total{reason="closed"}')).toBe(1);
  const line = { level: 'warn', msg: 'samples are of hours that are sealed', vm_id: 'ud-1', refused: 1 };
  expect(api.lines).toContainEqual(expect.objectContaining(line));
});

test('a batch counts in the metrics of its RPC, its samples and its duration', async () => {
  const api = await startTestApi();
  api.ledger.answer = async () => ({ accepted: 1, duplicates: 1, sealed: 0 });
  await byBothWays(api, {});
  await byBothWays(api, { body: Buffer.from([0x0a, 1, 0x61, 0x1a, 0]) });
  const calls = (code: string) => api.metric(`billaged_api_requests_total{method="SendMetricsBatch",code="${code}"}`);
  await expect.poll(() => calls('ok')).toBe(2);
  expect(await calls('invalid_argument')).toBe(2);
  expect(await api.metric('billaged_api_duration_seconds_count{method="SendMetricsBatch"}')).toBe(4);
  expect(await api.metric('billaged_metrics_received_total')).toBe(4);
  expect(await api.metric('billaged_metrics_processed_total')).toBe(4);
  expect(await api.metric('billaged_metrics_duplicate_total')).toBe(2);
  expect(await api.metric('billaged_batch_size_histogram_bucket{le="10"}')).toBe(2);
  expect(await api.metric('billaged_processing_duration_seconds_count')).toBe(2);
});

test('a batch has a log line, and the line of its call is at debug', async () => {
  const messages = async (logLevel: 'debug' | 'info') => {
    const api = await startTestApi({ logLevel });
    await send(api, { headers: { 'content-type': 'application/proto' } });
    await expect.poll(() => api.metric('billaged_api_duration_seconds_count{method="SendMetricsBatch"}')).toBe(1);
    return api.lines.filter(({ procedure, vm_id }) => procedure !== undefined || vm_id !== undefined);
  };
  const line = { level: 'info', msg: 'batch processed', vm_id: 'ud-1', customer_id: 'acme', metrics_count: 2 };
  expect(await messages('info')).toMatchObject([line]);
  expect(await messages('debug')).toMatchObject([line, { msg: 'rpc success', code: 'ok' }]);
});
