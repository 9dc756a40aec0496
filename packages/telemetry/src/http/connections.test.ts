import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectSecurely } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { watchConnections } from './connections.ts';
import { urlOf } from './listen.ts';

const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

/** TLS without certificates: nobody is sure who the other one is, which does not matter here. */
const anonymousTls = { ciphers: 'aNULL:@SECLEVEL=0', maxVersion: 'TLSv1.2', rejectUnauthorized: false } as const;

/** A server that answers `/slow` when it is released and anything else at once, and a way to close it. */
async function startServer(scheme: 'http' | 'https' = 'http') {
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const handler: RequestListener = async (request, response) => {
    if (request.url === '/slow') {
      arrived.resolve();
      await release.promise;
    }
    response.end('answered');
  };
  const server = scheme === 'http' ? createServer(handler) : createSecureServer(anonymousTls, handler);
  const connections = watchConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { hostname, port } = new URL(urlOf(server.address()));
  return {
    release,
    arrived,
    connections,
    /** Connects without TLS. */
    async open(bytes: string) {
      const client = connect({ host: hostname, port: Number(port) });
      clients.push(client);
      await once(client, 'connect');
      client.write(bytes);
      return client;
    },
    async openSecurely(bytes: string) {
      const client = connectSecurely({ host: hostname, port: Number(port), ...anonymousTls });
      clients.push(client);
      await once(client, 'secureConnect');
      client.write(bytes);
      return client;
    },
    closed: once(server, 'close'),
    close() {
      server.close();
      connections.closeIdle();
    },
  };
}

test.for([
  ['has sent nothing', ''],
  ['has sent half a request', 'GET / HTTP/1.1\r\nHost: x\r\n'],
] as const)('a client that %s does not keep a closing server open', async ([, bytes]) => {
  const server = await startServer();
  const client = await server.open(bytes);
  server.close();
  await server.closed;
  await once(client.resume(), 'close');
});

test('a running request is answered before its connection closes', async () => {
  const server = await startServer();
  const client = await server.open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await server.arrived.promise;
  server.close();
  server.release.resolve();
  expect(await text(client)).toContain('answered');
  await server.closed;
});

test('the answer to a request that runs when draining begins asks its client to disconnect', async () => {
  const server = await startServer();
  const client = await server.open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await server.arrived.promise;
  expect(server.connections.runningRequests).toBe(1);
  server.connections.drain();
  server.release.resolve();
  expect(await text(client)).toContain('Connection: close');
  expect(server.connections.runningRequests).toBe(0);
  server.close();
  await server.closed;
});

test('closing all connections ends running requests', async () => {
  const server = await startServer();
  const client = await server.open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await server.arrived.promise;
  server.close();
  server.connections.closeAll();
  await server.closed;
  expect(await text(client).catch(() => '')).toBe('');
});

test('with TLS, a running request is answered before its connection closes', async () => {
  const server = await startServer('https');
  const client = await server.openSecurely('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await server.arrived.promise;
  server.close();
  server.release.resolve();
  expect(await text(client)).toContain('answered');
  await server.closed;
});

test('with TLS, unfinished handshakes and idle connections do not delay closing', async () => {
  const server = await startServer('https');
  const idle = await server.openSecurely('');
  const half = await server.open('');
  const served = await server.openSecurely('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(await text(served)).toContain('answered');
  server.close();
  await server.closed;
  await Promise.all([once(idle.resume(), 'close'), once(half.resume(), 'close')]);
});

test('a draining server answers and asks its clients to disconnect', async () => {
  const server = await startServer();
  const before = await server.open('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(String(await once(before, 'data'))).toContain('Connection: keep-alive');
  server.connections.drain();
  before.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const answer = await text(before);
  expect(answer).toContain('Connection: close');
  expect(answer).toContain('answered');
  server.close();
  await server.closed;
});

test('an answer that is still being read when the server closes arrives whole', async () => {
  const length = 64 * 1024 ** 2;
  const server = createServer((_request, response) => response.end(Buffer.alloc(length)));
  const connections = watchConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { hostname, port } = new URL(urlOf(server.address()));
  const client = connect({ host: hostname, port: Number(port) });
  clients.push(client);
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(client, 'readable');
  const closed = once(server, 'close');
  server.close();
  connections.closeIdle();
  let bytes = 0;
  for await (const chunk of client) bytes += chunk.length;
  expect(bytes).toBeGreaterThan(length);
  await closed;
});
