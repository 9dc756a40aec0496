import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type H2cServerOptions, h2cServer } from './h2c-server.ts';

/** More than the buffers of both kernels hold. */
const answer = Buffer.alloc(16 * 1024 ** 2, 'x');

/** A server with large answers at `/large` and late ones at `/late`. */
async function startServer(options: H2cServerOptions) {
  const closed: string[] = [];
  const server: Server = h2cServer(options)((request, response) => {
    const { url = '' } = request;
    response.once('close', () => closed.push(url));
    if (url === '/late') setTimeout(() => response.end('late'), 1_500);
    else response.end(answer);
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, closed };
}

function openSocket(port: number, ...paths: string[]) {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  for (const path of paths) socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  return socket;
}

function openSession(port: number, window: number) {
  const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: window } });
  onTestFinished(() => session.destroy());
  session.on('error', () => undefined);
  return session;
}

test.for([
  ['one', ['/large']],
  ['the first of several', ['/large', '/large', '/large']],
] as const)('%s that is not read ends its connection', async ([, paths]) => {
  const { port, closed } = await startServer({ unreadAnswerMs: 100 });
  openSocket(port, ...paths);
  await expect.poll(() => closed.length, { timeout: 60_000 }).toBe(paths.length);
});

test.for([0, 1_000])('an answer in HTTP/2 is dropped when its client gives it a window of %i', async (window) => {
  const { port } = await startServer({ unreadAnswerMs: 100 });
  const request = openSession(port, window).request({ ':path': '/large' });
  request.on('error', () => undefined);
  await once(request, 'close');
  expect(request.rstCode).toBe(constants.NGHTTP2_CANCEL);
});

test('an answer that is read, or not yet written, is not dropped', async () => {
  const { port, closed } = await startServer({ unreadAnswerMs: 1_000 });
  const socket = openSocket(port, '/late', '/large');
  let bytes = 0;
  let isPaused = false;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (isPaused || bytes < 1e6) return;
    // A pause that is shorter than the limit of a kernel that is still sending.
    isPaused = true;
    socket.pause();
    setImmediate(() => socket.resume());
  });
  await expect.poll(() => bytes, { timeout: 60_000 }).toBeGreaterThan(answer.length);
  expect(closed).toContain('/late');
});

test('a session with an unread answer ends some time after it was closed as idle', async () => {
  const { port } = await startServer({ unreadAnswerMs: 60_000, idleTimeoutMs: 100, requestTimeoutMs: 100 });
  const session = openSession(port, 0);
  const request = session.request({ ':path': '/large' });
  request.on('error', () => undefined);
  await once(session, 'close');
});
