import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { watchConnections } from './connections.ts';
import { urlOf } from './listen.ts';

const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

/** A server that answers `/slow` when it is released and anything else at once, and a way to close it. */
async function startServer() {
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    if (request.url === '/slow') {
      arrived.resolve();
      await release.promise;
    }
    response.end('answered');
  });
  const connections = watchConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { hostname, port } = new URL(urlOf(server.address()));
  return {
    release,
    arrived,
    connections,
    async open(bytes: string) {
      const client = connect({ host: hostname, port: Number(port) });
      clients.push(client);
      await once(client, 'connect');
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
] as const)('a client that %s does not hold a closing server open', async ([, bytes]) => {
  const server = await startServer();
  const client = await server.open(bytes);
  server.close();
  await server.closed;
  await once(client.resume(), 'close');
});

test('a request that runs is answered before its connection is closed', async () => {
  const server = await startServer();
  const client = await server.open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await server.arrived.promise;
  server.close();
  server.release.resolve();
  expect(await text(client)).toContain('answered');
  await server.closed;
});

test('closing all ends the requests that run', async () => {
  const server = await startServer();
  const client = await server.open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await server.arrived.promise;
  server.close();
  server.connections.closeAll();
  await server.closed;
  expect(await text(client).catch(() => '')).toBe('');
});
