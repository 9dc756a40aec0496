import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { fastifyTelemetry } from '../fastify/plugin.ts';
import { fastifyOptions } from '../fastify/server-options.ts';
import { addressesOf } from '../http/all-addresses.ts';
import { h2cServer } from '../http/h2c-server.ts';
import { ListenError } from '../http/listen.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';
import type { HttpServer } from './http-server.ts';

async function startTestApp() {
  const { telemetry, lines } = await startTestTelemetry();
  const app = Fastify(fastifyOptions(telemetry));
  await app.register(fastifyTelemetry(telemetry));
  return { app, telemetry, lines };
}

async function readinessAt(url: string | undefined): Promise<unknown> {
  const response = await fetch(`${url}/ready`);
  const { status } = (await response.json()) as { status: string };
  return [response.status, status];
}

test('a service is ready when its port is open, and starting before', async () => {
  const { app, telemetry } = await startTestApp();
  expect(await readinessAt(telemetry.metricsUrl)).toEqual([503, 'starting']);
  const service = await telemetry.listen(app, { port: 0 });
  expect(await readinessAt(telemetry.metricsUrl)).toEqual([200, 'ready']);
  expect(await readinessAt(service.url)).toEqual([200, 'ready']);
  await service.close();
});

test('closing drains first: requests are still taken until the drain delay is over', async () => {
  const { app, telemetry } = await startTestApp();
  app.get('/vms', async () => ({ vms: [] }));
  const service = await telemetry.listen(app, { port: 0, drainDelayMs: 1_000 });
  const closing = service.close();
  expect(await readinessAt(service.url)).toEqual([503, 'draining']);
  expect((await fetch(`${service.url}/vms`)).status).toBe(200);
  await closing;
  await expect(fetch(`${service.url}/vms`)).rejects.toThrow('fetch failed');
});

test('closing finishes requests, runs close hooks, then closes the metrics port', async () => {
  const { app, telemetry } = await startTestApp();
  const events: string[] = [];
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  app.get('/slow', async () => {
    arrived.resolve();
    await release.promise;
    events.push('request finished');
    return { done: true };
  });
  app.addHook('onClose', async () => {
    const [status, readiness] = (await readinessAt(telemetry.metricsUrl)) as [number, string];
    events.push(`close hook: ${status} ${readiness} on the metrics port`);
  });
  const service = await telemetry.listen(app, { port: 0 });
  const answer = fetch(`${service.url}/slow`);
  await arrived.promise;

  const closing = service.close().then(() => events.push('closed'));
  expect(await readinessAt(telemetry.metricsUrl)).toEqual([503, 'draining']);
  expect((await fetch(`${telemetry.metricsUrl}/metrics`)).status).toBe(200);
  events.push('drained');
  release.resolve();
  expect(await (await answer).json()).toEqual({ done: true });
  await closing;

  expect(events).toEqual(['drained', 'request finished', 'close hook: 503 draining on the metrics port', 'closed']);
  await expect(fetch(`${telemetry.metricsUrl}/metrics`)).rejects.toThrow('fetch failed');
});

test('closing twice closes once', async () => {
  const { app, telemetry, lines } = await startTestApp();
  let closed = 0;
  app.addHook('onClose', async () => void closed++);
  const service = await telemetry.listen(app, { port: 0 });
  await Promise.all([service.close(), service.close()]);
  await service.close();
  expect(closed).toBe(1);
  expect(lines.filter(({ msg }) => msg === 'shutting down')).toHaveLength(1);
});

test('a close hook that times out is an error, and the metrics port still closes', async () => {
  const { app, telemetry } = await startTestApp();
  const release = Promise.withResolvers<void>();
  app.addHook('onClose', () => release.promise);
  const service = await telemetry.listen(app, { port: 0, closeTimeoutMs: 50 });
  await expect(service.close()).rejects.toThrow('close hooks were not done 50 ms after the last request');
  await expect(fetch(`${telemetry.metricsUrl}/health`)).rejects.toThrow('fetch failed');
  release.resolve();
  await app.close();
});

test('a taken port closes the application and the telemetry and says what to change', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as AddressInfo;
  const { app, telemetry } = await startTestApp();
  let closed = 0;
  app.addHook('onClose', async () => void closed++);
  try {
    const error = await telemetry.listen(app, { port, portSetting: 'SHOP_PORT' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({
      message: `cannot listen on 127.0.0.1:${port}: it is in use already; choose another with SHOP_PORT`,
    });
    expect(closed).toBe(1);
    expect(telemetry.health.readiness).toBe('starting');
    await expect(fetch(`${telemetry.metricsUrl}/health`)).rejects.toThrow('fetch failed');
  } finally {
    occupant.close();
  }
});

test('a request that exceeds its time is cut, and the end is clean', async () => {
  const { app, telemetry, lines } = await startTestApp();
  let hooks = 0;
  app.addHook('onClose', async () => void hooks++);
  const arrived = Promise.withResolvers<void>();
  app.get('/never', () => {
    arrived.resolve();
    return new Promise(() => undefined);
  });
  const service = await telemetry.listen(app, { port: 0, closeTimeoutMs: 50 });
  const answer = fetch(`${service.url}/never`);
  await arrived.promise;
  const refusal = expect(answer).rejects.toThrow('fetch failed');
  await service.close();
  await refusal;
  expect(hooks).toBe(1);
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'warn', requests: 1, msg: 'requests were cut: they took too long to finish' }),
  );
});

test.for([
  [
    'half of the body of a request',
    'POST /vms HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhalf',
  ],
  ['half of the head of a request', 'POST /vms HTTP/1.1\r\nHost: x\r\nConte'],
  ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
] as const)('a client that has sent %s does not make the end unclean', async ([, bytes]) => {
  const { telemetry } = await startTestTelemetry();
  const app = Fastify({ ...fastifyOptions(telemetry), serverFactory: h2cServer() });
  await app.register(fastifyTelemetry(telemetry));
  app.post('/vms', async () => ({}));
  const service = await telemetry.listen(app, { port: 0, closeTimeoutMs: 50 });
  const { hostname, port } = new URL(service.url);
  const client = connect(Number(port), hostname).on('error', () => undefined);
  onTestFinished(() => void client.destroy());
  await once(client, 'connect');
  client.write(bytes);
  expect((await fetch(`${service.url}/ready`)).status).toBe(200);
  const cut = once(client.resume(), 'close');
  await service.close();
  await cut;
});

test('what must not be lost is stored before the end waits for a request', async () => {
  const { app, telemetry } = await startTestApp();
  const events: string[] = [];
  const arrived = Promise.withResolvers<void>();
  const stored = Promise.withResolvers<void>();
  app.get('/slow', async () => {
    arrived.resolve();
    await stored.promise;
    events.push('request finished');
    return {};
  });
  app.addHook('onClose', async () => void events.push('close hook'));
  const service = await telemetry.listen(app, {
    port: 0,
    onEnding() {
      events.push('stored');
      stored.resolve();
    },
  });
  const answer = fetch(`${service.url}/slow`);
  await arrived.promise;
  await service.close();
  expect((await answer).headers.get('connection')).toBe('close');
  expect(events).toEqual(['stored', 'request finished', 'close hook']);
});

test('an error of what is done first is reported once everything is closed', async () => {
  const { app, telemetry } = await startTestApp();
  let closed = 0;
  app.addHook('onClose', async () => void closed++);
  const onEnding = async () => {
    throw new Error('no disk');
  };
  const service = await telemetry.listen(app, { port: 0, onEnding });
  await expect(service.close()).rejects.toThrow(new Error('no disk'));
  expect(closed).toBe(1);
  await expect(fetch(`${telemetry.metricsUrl}/health`)).rejects.toThrow('fetch failed');
});

test('a start that is to end opens no port and is never ready', async () => {
  const { app, telemetry } = await startTestApp();
  let closed = 0;
  app.addHook('onClose', async () => void closed++);
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(telemetry.listen(app, { port: 0, signal })).rejects.toThrow(new Error('stopped'));
  expect([app.server.listening, closed, telemetry.health.readiness]).toEqual([false, 1, 'starting']);
  await expect(fetch(`${telemetry.metricsUrl}/health`)).rejects.toThrow('fetch failed');
});

const servers: readonly (readonly [string, (handler: RequestListener) => HttpServer])[] = [
  ['node:http', (handler) => createHttpServer(handler)],
  ['Fastify', (handler) => Fastify({ serverFactory: (own) => createHttpServer(route(handler, own)) })],
  ['Fastify with HTTP/2', (handler) => Fastify({ serverFactory: (own) => h2cServer()(route(handler, own)) })],
];
const route =
  (handler: RequestListener, other: RequestListener): RequestListener =>
  (request, response) =>
    (request.url === '/slow' ? handler : other)(request, response);

test.for(servers)(
  'localhost is all its addresses, and a request on each is answered at the end: %s',
  async ([, make]) => {
    const { telemetry } = await startTestTelemetry();
    const addresses = await addressesOf('localhost');
    const release = Promise.withResolvers<void>();
    let arrived = 0;
    const server = make(async (_request, response) => {
      arrived += 1;
      await release.promise;
      response.end('done');
    });
    const service = await telemetry.listen(server, { port: 0, host: 'localhost' });
    const { port } = new URL(service.url);
    const answers = addresses.map(async (address) => {
      const response = await fetch(`http://${address.includes(':') ? `[${address}]` : address}:${port}/slow`);
      return [await response.text(), response.headers.get('connection')];
    });
    await expect.poll(() => arrived).toBe(addresses.length);
    const closing = service.close();
    release.resolve();
    expect(await Promise.all(answers)).toEqual(addresses.map(() => ['done', 'close']));
    await closing;
    await expect(fetch(service.url)).rejects.toThrow('fetch failed');
  },
);

test('an application that cannot start is closed and its own error is passed on', async () => {
  const { app, telemetry } = await startTestApp();
  app.addHook('onReady', async () => {
    throw new Error('no database');
  });
  await expect(telemetry.listen(app, { port: 0 })).rejects.toThrow(new Error('no database'));
  await expect(fetch(`${telemetry.metricsUrl}/health`)).rejects.toThrow('fetch failed');
});

test('a server of node:http is served and ended in the same order', async () => {
  const { telemetry, lines } = await startTestTelemetry();
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const server = createHttpServer(async (_request, response) => {
    arrived.resolve();
    await release.promise;
    response.end('done');
  });
  const service = await telemetry.listen(server, { port: 0 });
  expect(await readinessAt(telemetry.metricsUrl)).toEqual([200, 'ready']);
  const answer = fetch(`${service.url}/slow`);
  await arrived.promise;
  const closing = service.close();
  expect(await readinessAt(telemetry.metricsUrl)).toEqual([503, 'draining']);
  release.resolve();
  expect(await (await answer).text()).toBe('done');
  await closing;
  expect(lines.map(({ msg }) => msg)).toEqual([`Server listening at ${service.url}`, 'shutting down']);
  await expect(fetch(service.url)).rejects.toThrow('fetch failed');
  await expect(fetch(`${telemetry.metricsUrl}/health`)).rejects.toThrow('fetch failed');
});

test('a port that is taken is the same error for a server of node:http', async () => {
  const { telemetry } = await startTestTelemetry();
  const port = Number(new URL(telemetry.metricsUrl ?? '').port);
  await expect(telemetry.listen(createHttpServer(), { port, portSetting: 'SHOP_PORT' })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: it is in use already; choose another with SHOP_PORT`,
  );
  await expect(fetch(`${telemetry.metricsUrl}/health`)).rejects.toThrow('fetch failed');
});

test('a failed readiness check is on /ready of both ports and once in the log', async () => {
  const { app, telemetry, lines } = await startTestApp();
  let answer: boolean | string = 'the ledger does not answer';
  telemetry.health.addCheck('ledger', () => answer);
  const service = await telemetry.listen(app, { port: 0 });
  for (const url of [service.url, telemetry.metricsUrl]) {
    const response = await fetch(`${url}/ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: 'not_ready', checks: { ledger: answer } });
  }
  answer = true;
  expect(await readinessAt(service.url)).toEqual([200, 'ready']);
  expect(lines.filter(({ check }) => check !== undefined)).toMatchObject([
    { level: 'warn', check: 'ledger', reason: 'the ledger does not answer' },
    { level: 'info', check: 'ledger', msg: 'readiness check passes again' },
  ]);
  await service.close();
});
