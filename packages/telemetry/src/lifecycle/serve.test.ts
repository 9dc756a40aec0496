import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { fastifyTelemetry } from '../fastify/plugin.ts';
import { fastifyOptions } from '../fastify/server-options.ts';
import { ListenError } from '../http/listen.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

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
  await expect(service.close()).rejects.toThrow('requests or close hooks were not done within 50 ms');
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

test('a request that exceeds its time is aborted together with its connection', async () => {
  const { app, telemetry } = await startTestApp();
  const arrived = Promise.withResolvers<void>();
  app.get('/never', () => {
    arrived.resolve();
    return new Promise(() => undefined);
  });
  const service = await telemetry.listen(app, { port: 0, closeTimeoutMs: 50 });
  const answer = fetch(`${service.url}/never`);
  await arrived.promise;
  const refusal = expect(answer).rejects.toThrow('fetch failed');
  await expect(service.close()).rejects.toThrow('not done within 50 ms');
  await refusal;
});

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
