import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fastifyTelemetry } from '../fastify/plugin.ts';
import { fastifyOptions } from '../fastify/server-options.ts';
import type { HttpServer } from '../lifecycle/http-server.ts';
import type { RunningService } from '../lifecycle/serve.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
/** More than arrives with the head of a request. */
const body = 'x'.repeat(300_000);

let telemetry: Telemetry;
let lines: Record<string, unknown>[];
let service: RunningService | undefined;
/** Ends the requests to `/held`. */
let held: PromiseWithResolvers<void>;

beforeEach(async () => {
  ({ telemetry, lines } = await startTestTelemetry());
  held = Promise.withResolvers();
});
afterEach(async () => {
  await service?.close();
  service = undefined;
});

/** Logs wherever a handler may go on after it has returned. */
function logEverywhere(request: IncomingMessage, response: ServerResponse): void {
  const log = (msg: string) => () => telemetry.logger.info(msg);
  log('handler')();
  setTimeout(log('timeout'), 1);
  setImmediate(log('immediate'));
  process.nextTick(log('tick'));
  void Promise.resolve().then(log('promise'));
  request.on('close', log('request closed'));
  response.on('finish', log('response finished'));
  response.on('close', log('response closed'));
}

function fastifyApp(): FastifyInstance {
  const app = Fastify({ ...fastifyOptions(telemetry), bodyLimit: 1_000_000 });
  void app.register(fastifyTelemetry(telemetry));
  void app.register(async (inner) => {
    inner.addContentTypeParser('text/plain', (_request, payload, done) => {
      payload
        .on('data', () => telemetry.logger.info('body data'))
        .on('end', () => {
          telemetry.logger.info('body read');
          done(null, {});
        });
    });
    inner.post('/orders', async (request, reply) => {
      logEverywhere(request.raw, reply.raw);
      return {};
    });
    inner.post('/stuck', (request, reply) => logEverywhere(request.raw, reply.raw));
  });
  return app;
}

function nodeServer() {
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    request.on('data', () => telemetry.logger.info('body data'));
    request.on('end', () => {
      telemetry.logger.info('body read');
      logEverywhere(request, response);
      if (request.url === '/orders') response.end();
    });
  };
  return createServer(telemetry.nodeHttp(handler));
}

/** The lines with these messages that have no trace or another one, once all of them are there. */
async function strayLines(messages: readonly string[]): Promise<unknown[]> {
  await expect
    .poll(() => lines.map(({ msg }) => msg), { timeout: 100_000 })
    .toEqual(expect.arrayContaining([...messages]));
  const ofRequest = lines.filter(({ msg }) => messages.includes(String(msg)));
  return ofRequest.filter(({ trace_id }) => trace_id !== traceId);
}

const everywhere = [
  ...['body data', 'body read', 'handler', 'timeout', 'immediate', 'tick', 'promise', 'request closed'],
  ...['response closed', 'http request'],
];

const servers: readonly [string, () => HttpServer][] = [
  ['Fastify', fastifyApp],
  ['node:http', nodeServer],
];

test.for(servers)('%s: every line of a request has its trace', async ([, create]) => {
  service = await telemetry.listen(create(), { port: 0 });
  const headers = { traceparent, 'content-type': 'text/plain' };
  expect((await fetch(`${service.url}/orders`, { method: 'POST', headers, body })).status).toBe(200);
  expect(await strayLines([...everywhere, 'response finished'])).toEqual([]);
});

test.for(servers)('%s: so has every line of a request that its client gives up', async ([, create]) => {
  service = await telemetry.listen(create(), { port: 0 });
  const headers = { traceparent, 'content-type': 'text/plain' };
  const abandoned = sendRequest(`${service.url}/stuck`, { method: 'POST', headers }).end(body);
  const failed = once(abandoned, 'error');
  await expect.poll(() => lines.map(({ msg }) => msg), { timeout: 100_000 }).toContain('handler');
  abandoned.destroy(new Error('no patience'));
  await failed;
  expect(await strayLines(everywhere)).toEqual([]);
});

test.for(servers)('%s: the next request on the same connection has none of the last one', async ([, create]) => {
  service = await telemetry.listen(create(), { port: 0 });
  const send = (headers: Record<string, string>) =>
    fetch(`${service?.url}/orders`, { method: 'POST', headers: { 'content-type': 'text/plain', ...headers }, body });
  await (await send({ traceparent })).text();
  await strayLines(['http request', 'timeout']);
  lines.splice(0);
  await (await send({})).text();
  await expect.poll(() => lines.map(({ msg }) => msg), { timeout: 100_000 }).toContain('http request');
  expect(lines.filter(({ trace_id }) => trace_id === traceId)).toEqual([]);
});

/** Ends a service while its last request, which has a trace, still runs. @returns the lines of the end */
async function linesOfEnd(create: () => HttpServer): Promise<Record<string, unknown>[]> {
  const app = create();
  const server = 'server' in app ? app.server : app;
  service = await telemetry.listen(app, { port: 0 });
  const agent = new Agent({ keepAlive: true });
  const answered = once(sendRequest(`${service.url}/held`, { agent, headers: { traceparent } }).end(), 'response');
  await expect.poll(() => lines.map(({ msg }) => msg), { timeout: 100_000 }).toContain('held');
  lines.splice(0);
  const ended = service.close();
  await expect.poll(() => server.listening, { timeout: 100_000 }).toBe(false);
  held.resolve();
  const [response] = await answered;
  response.resume();
  await ended;
  agent.destroy();
  return lines.filter(({ msg }) => msg !== 'http request');
}

test('a line of a close hook has no trace of the last request', async () => {
  const ended = await linesOfEnd(() => {
    const app = fastifyApp();
    app.get('/held', async () => {
      telemetry.logger.info('held');
      await held.promise;
      return {};
    });
    app.addHook('preClose', async () => telemetry.logger.info('before the end'));
    app.addHook('onClose', async () => {
      telemetry.logger.info('close hook');
      await new Promise(setImmediate);
      telemetry.logger.info('later in the close hook');
    });
    return app;
  });
  const messages = ['shutting down', 'before the end', 'close hook', 'later in the close hook'];
  expect(ended.map(({ msg }) => msg)).toEqual(expect.arrayContaining(messages));
  expect(ended.filter(({ trace_id }) => trace_id !== undefined)).toEqual([]);
});

test('nor has a line of a listener to the end of a server', async () => {
  const ended = await linesOfEnd(() => {
    const handler = async (_request: IncomingMessage, response: ServerResponse) => {
      telemetry.logger.info('held');
      await held.promise;
      response.end();
    };
    return createServer(telemetry.nodeHttp(handler)).on('close', () => telemetry.logger.info('server closed'));
  });
  expect(ended.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['shutting down', 'server closed']));
  expect(ended.filter(({ trace_id }) => trace_id !== undefined)).toEqual([]);
});

test('nor has one of an end that a request asks for', async () => {
  const ended: Promise<void>[] = [];
  const app = fastifyApp();
  app.get('/end', async () => {
    const running = service;
    if (running !== undefined) ended.push(running.close());
    return {};
  });
  app.addHook('onClose', async () => telemetry.logger.info('close hook'));
  service = await telemetry.listen(app, { port: 0 });
  await (await fetch(`${service.url}/end`, { headers: { traceparent } })).text();
  await Promise.all(ended);
  const ofEnd = lines.filter(({ msg }) => msg === 'shutting down' || msg === 'close hook');
  expect(ofEnd).toHaveLength(2);
  expect(ofEnd.filter(({ trace_id }) => trace_id !== undefined)).toEqual([]);
});
