import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import Fastify, { type FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { h2cServer } from '../http/h2c-server.ts';
import { serve } from '../lifecycle/serve.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';
import { fastifyTelemetry } from './plugin.ts';
import { fastifyOptions } from './server-options.ts';

async function startService() {
  const { telemetry, lines } = await startTestTelemetry();
  const app: FastifyInstance = Fastify({
    ...fastifyOptions(telemetry),
    serverFactory: h2cServer({ headersTimeoutMs: 1_000 }),
  });
  await app.register(fastifyTelemetry(telemetry));
  app.post('/', async () => 'read');
  const service = await serve(telemetry, app, { port: 0 });
  onTestFinished(() => service.close());
  const { port } = new URL(service.url);
  const answerTo = async (request: string) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write(request);
    return text(socket).catch((error: Error) => error.message);
  };
  const counted = async (status: number) => {
    const page = await (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
    const series = `http_server_request_duration_seconds_count{http_request_method="_OTHER",http_route="unmatched",http_response_status_code="${status}"}`;
    const line = page.split('\n').find((text) => text.startsWith(series));
    return line === undefined ? 0 : Number(line.split(' ').at(-1));
  };
  const refused = () => lines.filter(({ msg }) => msg === 'http request could not be parsed');
  return { answerTo, counted, refused, lines };
}

test.for([
  ['headers of 30 KB', 431, `GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(30_000)}\r\n\r\n`],
  ['a broken header', 400, 'GET / HTTP/1.1\r\nhost x\r\n\r\n'],
  ['a length that is no number', 400, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n'],
  ['another protocol', 400, 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['headers that never end', 408, 'GET / HTTP/1.1\r\nhost: x\r\n'],
] as const)('%s are counted with status %i and logged', async ([, status, request]) => {
  const { answerTo, counted, refused } = await startService();
  expect(await answerTo(request)).toContain(`HTTP/1.1 ${status}`);
  expect(await counted(status)).toBe(1);
  expect(refused()).toMatchObject([{ level: 'warn', status, left_out: 0 }]);
});

test('a flood of broken requests is counted, with one line', async () => {
  const { answerTo, counted, refused } = await startService();
  await Promise.all(Array.from({ length: 20 }, () => answerTo('nonsense\r\n\r\n')));
  expect(await counted(400)).toBe(20);
  expect(refused()).toHaveLength(1);
});

test('a request that is refused in its body is counted once, as a request of its route', async () => {
  const { answerTo, counted, refused, lines } = await startService();
  const head = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n';
  await answerTo(`${head}transfer-encoding: chunked\r\n\r\nno size\r\n`);
  await expect.poll(() => lines.filter(({ msg }) => msg === 'http request').length, { timeout: 60_000 }).toBe(1);
  expect(await counted(400)).toBe(0);
  expect(refused()).toEqual([]);
});
