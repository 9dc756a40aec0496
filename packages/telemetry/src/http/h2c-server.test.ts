import { once } from 'node:events';
import { request as sendRequest } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { fastifyTelemetry } from '../fastify/plugin.ts';
import { fastifyOptions } from '../fastify/server-options.ts';
import { serve } from '../lifecycle/serve.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';
import { type H2cServerOptions, h2cServer } from './h2c-server.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A service that says which protocol it was asked in, and waits on `/slow` until it is released. */
async function startService(options?: H2cServerOptions) {
  const { telemetry, lines } = await startTestTelemetry();
  const app: FastifyInstance = Fastify({ ...fastifyOptions(telemetry), serverFactory: h2cServer(options) });
  await app.register(fastifyTelemetry(telemetry));
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  app.get('/', async ({ raw }) => raw.httpVersion);
  app.post('/', async () => 'read');
  app.post('/refused', { onRequest: async (_request, reply) => reply.code(403).send('no') }, async () => 'never');
  app.get('/slow', async () => {
    arrived.resolve();
    await release.promise;
    return 'slow';
  });
  const service = await serve(telemetry, app, { port: 0 });
  closers.push(service.close);
  return { ...service, app, telemetry, lines, arrived: arrived.promise, release: () => release.resolve() };
}

/** One HTTP/2 connection with prior knowledge. */
function openHttp2(url: string) {
  const session = connectHttp2(url);
  onTestFinished(() => session.destroy());
  session.on('error', () => undefined);
  return session;
}

/** Sends bytes on a connection of its own and gives back what comes until it is closed. */
async function answerTo(url: string, ...parts: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  for (const part of parts) {
    await new Promise((sent) => socket.write(part, sent));
    // The next part comes in a packet of its own.
    await new Promise(setImmediate);
  }
  return text(socket).catch((error: Error) => error.message);
}

test('HTTP/1.1 and HTTP/2 are answered on one port by the same routes', async () => {
  const { url } = await startService();
  expect(await (await fetch(url)).text()).toBe('1.1');
  expect(await text(openHttp2(url).request({ ':path': '/' }))).toBe('2.0');
});

test('an HTTP/2 request makes the same line and series as an HTTP/1.1 request', async () => {
  const { url, lines, telemetry } = await startService();
  await (await fetch(url)).text();
  await text(openHttp2(url).request({ ':path': '/' }));
  const requests = () => lines.filter(({ msg }) => msg === 'http request');
  await expect.poll(requests, { timeout: 100_000 }).toHaveLength(2);
  expect(requests()).toMatchObject([
    { route: '/', status: 200, level: 'info' },
    { route: '/', status: 200, level: 'info' },
  ]);
  const page = await (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
  expect(page).toMatch(/^http_server_request_duration_seconds_count\{.*http_route="\/".*\} 2$/m);
});

test('an HTTP/2 request that its client cancels is counted as 499', async () => {
  const { url, lines, arrived, release } = await startService();
  const request = openHttp2(url).request({ ':path': '/slow' });
  await arrived;
  request.close(constants.NGHTTP2_CANCEL);
  const abandoned = () => lines.find(({ msg }) => msg === 'http request');
  await expect.poll(abandoned, { timeout: 100_000 }).toMatchObject({ route: '/slow', status: 499 });
  release();
});

test.for([
  ['HTTP/1.1 in small packets', ['G', 'ET / HTTP/1.1\r\nhost: x\r\nconnec', 'tion: close\r\n\r\n'], '1.1'],
  ['a method that begins like HTTP/2', ['PR', 'OPFIND / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'], '404'],
  ['what is no HTTP at all', ['\x16\x03\x01\x02\x00'], '400 Bad Request'],
] as const)('%s is answered in HTTP/1.1', async ([, parts, expected]) => {
  const { url } = await startService();
  expect(await answerTo(url, ...parts)).toContain(expected);
});

test('a connection that never tells its protocol is closed', async () => {
  const { url } = await startService({ headersTimeoutMs: 50 });
  expect(await answerTo(url, 'PRI * HTTP/2.0')).toBe('');
});

test('an HTTP/2 request whose body is not received in time is ended', async () => {
  const { url } = await startService({ requestTimeoutMs: 50 });
  const request = openHttp2(url).request({ ':method': 'POST', ':path': '/', 'content-type': 'text/plain' });
  request.on('error', () => undefined);
  request.write('half of it');
  await once(request, 'close');
  expect(request.rstCode).toBe(constants.NGHTTP2_CANCEL);
});

test('closing answers running HTTP/2 requests and then sends GOAWAY', async () => {
  const { url, close, arrived, release } = await startService();
  const session = openHttp2(url);
  const goaway = once(session, 'goaway');
  const answer = text(session.request({ ':path': '/slow' }));
  await arrived;
  const closing = close();
  expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
  release();
  expect(await answer).toBe('slow');
  await closing;
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('an idle HTTP/2 session does not keep a closing server open', async () => {
  const { url, close } = await startService();
  const session = openHttp2(url);
  await text(session.request({ ':path': '/' }));
  const closed = once(session, 'close');
  await close();
  await closed;
});

test('closing the server directly also ends HTTP/2 sessions', async () => {
  const app = Fastify({ serverFactory: h2cServer() });
  const session = openHttp2(await app.listen({ port: 0, host: '127.0.0.1' }));
  await once(session, 'connect');
  const closed = once(session, 'close');
  await app.close();
  await closed;
});

test('a response to an incomplete request frees its connection', async () => {
  const { url } = await startService();
  const session = openHttp2(url);
  const request = session.request({ ':method': 'POST', ':path': '/refused', 'content-type': 'text/plain' });
  request.write('there is more to come');
  const [headers] = await once(request, 'response');
  expect(headers[':status']).toBe(403);
  request.resume();
  await once(request, 'close');
  expect(request.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  const half = 'POST /refused HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nhalf';
  expect(await answerTo(url, half)).toContain('403 Forbidden');
});

test('deadlines that end do not end the connection of patient requests', async () => {
  const { url, arrived, release } = await startService();
  const session = openHttp2(url);
  const patient = text(session.request({ ':path': '/slow' }));
  await arrived;
  // More than Node's default allows in a minute.
  for (let round = 0; round < 30; round += 1) {
    const impatient = Array.from({ length: 100 }, () => session.request({ ':path': '/slow' }));
    const closed = impatient.map((request) => once(request, 'close'));
    await new Promise((sent) => session.ping(sent));
    for (const request of impatient) request.close(constants.NGHTTP2_CANCEL);
    await Promise.all(closed);
  }
  release();
  expect(await patient).toBe('slow');
});

test.for([
  ['headers', 'GET / HTTP/1.1\r\nhost: x\r\n'],
  ['a body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nhalf'],
  [
    'a body of unknown length',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n',
  ],
] as const)(
  // Node looks every 30 s by default, after the end of this test.
  'a connection that never ends %s is answered 408 and closed',
  { timeout: 25_000 },
  async ([, sent]) => {
    const { url } = await startService({ headersTimeoutMs: 1_000, requestTimeoutMs: 1_000 });
    expect(await answerTo(url, sent)).toContain('408 Request Timeout');
  },
);

test.for([
  ['a length', { 'content-length': 1_000_000 }],
  ['no length', { 'transfer-encoding': 'chunked' }],
] as const)('a large request with %s that is refused is told that its connection closes', async ([, headers]) => {
  const { url } = await startService();
  const { hostname, port } = new URL(url);
  const request = sendRequest({ hostname, port, method: 'POST', path: '/refused', headers });
  request.on('error', () => undefined);
  request.write('there is more to come');
  const [response] = await once(request, 'response');
  expect([response.statusCode, response.headers.connection]).toEqual([403, 'close']);
  expect(await text(response)).toBe('no');
});

test('a small request that is refused keeps its connection', async () => {
  const { url } = await startService();
  const headers = { 'content-type': 'text/plain' };
  const response = await fetch(`${url}/refused`, { method: 'POST', headers, body: 'x'.repeat(1_000) });
  expect([response.status, response.headers.get('connection')]).toEqual([403, 'keep-alive']);
});

test('a refused request frees its HTTP/2 stream at once', async () => {
  const { url } = await startService({ maxConcurrentStreams: 2 });
  const session = openHttp2(url);
  await once(session, 'remoteSettings');
  for (let count = 0; count < 20; count += 1) {
    const request = session.request({ ':method': 'POST', ':path': '/refused', 'content-type': 'text/plain' });
    request.write('there is more to come');
    const [headers] = await once(request, 'response');
    expect(headers[':status']).toBe(403);
    request.resume();
    await once(request, 'close');
    expect(request.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  }
  expect(await text(session.request({ ':path': '/' }))).toBe('2.0');
});

test.for([1, 20])('%i requests that are on their way when closing begins are answered over HTTP/2', async (count) => {
  const { url, close } = await startService();
  const session = openHttp2(url);
  await once(session, 'remoteSettings');
  const closing = close();
  const requests = Array.from({ length: count }, () => session.request());
  expect(await Promise.all(requests.map((request) => text(request)))).toEqual(requests.map(() => '2.0'));
  await closing;
});

test('an HTTP/2 client that does not answer does not keep a closing server open', async () => {
  const { url, app } = await startService();
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  // Preface and empty settings, and nothing after it: no acknowledgement of a PING.
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  await once(socket, 'data');
  await app.close();
});
