import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Appended } from '../ledger/ledger.ts';
import { batchPath } from './batch-route.ts';
import { startTestApi, type TestApi } from './testing/start-test-api.ts';

const batch = Buffer.from([0x0a, 1, 0x61, 0x1a, 4, 0x0a, 2, 0x08, 1]);
const json = '{"vm_id":"a","metrics":[{"timestamp":"1970-01-01T00:00:01Z"}]}';

/** A ledger that answers when it is released. */
function hold({ ledger }: TestApi): () => void {
  const released = Promise.withResolvers<Appended>();
  ledger.answer = () => released.promise;
  return () => released.resolve({ accepted: 1, duplicates: 0, sealed: 0 });
}

const post = ({ url }: TestApi, contentType = 'application/proto', body: Buffer | string = batch) =>
  fetch(url + batchPath, { method: 'POST', headers: { 'content-type': contentType }, body });

test.for([
  ['batches', { maxBatches: 2 }, '2 batches already wait for the ledger; try again later'],
  ['bytes', { maxBytes: 20 }, '20 bytes of batches already wait for the ledger; try again later'],
] as const)('what is over the limit of %s is refused before it is read', async ([reason, limits, message]) => {
  const api = await startTestApi(limits);
  const release = hold(api);
  const waiting = [post(api), post(api)];
  await expect.poll(() => api.metric('billaged_batches_in_flight')).toBe(2);
  expect(await api.metric('billaged_batches_in_flight_bytes')).toBe(2 * batch.length);

  for (const [contentType, body] of [
    ['application/proto', batch],
    ['application/json', json],
  ] as const) {
    const refused = await post(api, contentType, body);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toEqual({ code: 'unavailable', message });
  }
  expect(await api.metric(`billaged_batches_refused_total{reason="${reason}"}`)).toBe(2);
  expect(api.ledger.seen).toHaveLength(2);

  release();
  for (const response of await Promise.all(waiting)) expect(response.status).toBe(200);
  await expect.poll(() => api.metric('billaged_batches_in_flight')).toBe(0);
  expect(await api.metric('billaged_batches_in_flight_bytes')).toBe(0);
  expect((await post(api)).status).toBe(200);
});

test('a batch releases its share of the limits, however it ends', async () => {
  const api = await startTestApi({ maxBatches: 1 });
  api.ledger.answer = () => Promise.reject(new Error('broken'));
  const statuses: number[] = [];
  for (const type of ['application/proto', 'application/json', 'application/proto', 'text/plain']) {
    statuses.push((await post(api, type)).status);
  }
  expect(statuses).toEqual([500, 400, 500, 415]);
  // Its time is over before it begins.
  const headers = { 'content-type': 'application/json', 'connect-timeout-ms': '0' };
  await fetch(api.url + batchPath, { method: 'POST', headers, body: json });
  await expect.poll(() => api.metric('billaged_batches_in_flight')).toBe(0);
});

test('a batch whose client disconnects half-way releases its share of the limits', async () => {
  const api = await startTestApi({ maxBatches: 1 });
  const { hostname, port } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(
    `POST ${batchPath} HTTP/1.1\r\nhost: x\r\ncontent-type: application/proto\r\ncontent-length: 9\r\n\r\nhalf`,
  );
  await expect.poll(() => api.metric('billaged_batches_in_flight_bytes')).toBe(4);
  socket.destroy();
  await expect.poll(() => api.metric('billaged_batches_in_flight_bytes')).toBe(0);
  expect((await post(api)).status).toBe(200);
});

test('a body without a length counts with what has arrived, up to the limit', async () => {
  const api = await startTestApi({ maxBytes: 100_000 });
  const release = hold(api);
  const inChunks = (bytes: number) => {
    const padded = Buffer.concat([batch, unknownField(bytes)]);
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < padded.length; at += 10_000) controller.enqueue(padded.subarray(at, at + 10_000));
        controller.close();
      },
    });
    const headers = { 'content-type': 'application/proto' };
    return fetch(api.url + batchPath, { method: 'POST', headers, body, duplex: 'half' });
  };
  const waiting = inChunks(60_000);
  await expect.poll(() => api.ledger.seen.length).toBe(1);
  expect(await api.metric('billaged_batches_in_flight_bytes')).toBeGreaterThan(60_000);
  const refused = await inChunks(60_000);
  expect(refused.status).toBe(503);
  expect(await api.metric('billaged_batches_refused_total{reason="bytes"}')).toBe(1);
  release();
  expect((await waiting).status).toBe(200);
  await expect.poll(() => api.metric('billaged_batches_in_flight_bytes')).toBe(0);
});

test.for([
  ['application/proto', 'content-length: 1048576'],
  ['application/json', 'content-length: 400000'],
  ['application/grpc', 'transfer-encoding: chunked'],
] as const)('what %s announces with %s and does not send takes no room', async ([type, length]) => {
  const api = await startTestApi({ maxBytes: 1_000, maxBatches: 2 });
  const { hostname, port } = new URL(api.url);
  for (let count = 0; count < 5; count += 1) {
    const socket = connect({ host: hostname, port: Number(port) });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write(`POST ${batchPath} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`);
  }
  const active = () => api.metric('http_server_active_requests{http_request_method="POST",url_scheme="http"}');
  await expect.poll(active).toBe(5);
  for (const [contentType, body] of [
    ['application/proto', batch],
    ['application/json', json],
  ] as const) {
    expect((await post(api, contentType, body)).status).toBe(200);
  }
});

test.for(['application/proto', 'application/json'])('a slow body of %s gives its room to others', async (type) => {
  let clock = 0;
  const api = await startTestApi({ maxBytes: 1_000, clock: () => clock });
  const { hostname, port } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const head = `POST ${batchPath} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: 2000\r\n\r\n`;
  socket.write(head + ' '.repeat(999));
  await expect.poll(() => api.metric('billaged_batches_in_flight_bytes')).toBe(999);
  expect((await post(api)).status).toBe(503);
  clock += 5_001;
  expect((await post(api)).status).toBe(200);
  expect(await api.metric('billaged_batches_refused_total{reason="slow"}')).toBe(1);
  await expect.poll(() => api.metric('billaged_batches_in_flight_bytes')).toBe(0);
});

/** Bytes that a decoder skips, as a field of number 15. */
function unknownField(length: number): Buffer {
  const varint = [(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14];
  return Buffer.concat([Buffer.from([0x7a, ...varint]), Buffer.alloc(length)]);
}
