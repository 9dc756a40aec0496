import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client, credentials } from '@grpc/grpc-js';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { readMetric, scrape } from '@vmobs/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { jsonConfig, protocols } from './clients.ts';

/*
 * What is not an RPC, or not one that can be answered, and the routes beside the RPCs.
 */

let metald: Metald;
/** Waits before each operation that the hypervisor does. */
let delay: Promise<void> | undefined;

beforeAll(async () => {
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent', billingEnabled: false } as const;
  metald = await startMetald({ ...quiet, hypervisor: { perform: async () => await delay } });
});
afterAll(() => metald.close());

const bootVm = '/vmprovisioner.v1.VmService/BootVm';

async function post(path: string, headers: Record<string, string>, body: string | Uint8Array = '{}') {
  const response = await fetch(metald.url + path, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const jsonType = { 'content-type': 'application/json' };

test.for([
  ['a method that does not exist', '/vmprovisioner.v1.VmService/ExplodeVm', jsonType, 404, 'unimplemented'],
  ['a service that does not exist', '/vmprovisioner.v9.VmService/BootVm', jsonType, 404, 'unimplemented'],
  ['an encoding that is not known', bootVm, { ...jsonType, 'content-encoding': 'rot13' }, 501, 'unimplemented'],
  ['a timeout that is none', bootVm, { ...jsonType, 'connect-timeout-ms': 'soon' }, 400, 'invalid_argument'],
  [
    'a body that is not what its encoding says',
    bootVm,
    { ...jsonType, 'content-encoding': 'gzip' },
    400,
    'invalid_argument',
  ],
  ['bytes that are no message', bootVm, { 'content-type': 'application/proto' }, 400, 'invalid_argument'],
] as const)('%s gets a Connect error', async ([, path, headers, status, code]) => {
  const answer = await post(path, headers);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toEqual({ code, message: expect.stringMatching(/\w/) });
});

test('a client of gRPC-Web reads a method that does not exist as unimplemented', async () => {
  // It makes that of this status.
  const type = { 'content-type': 'application/grpc-web+proto' };
  expect((await post('/vmprovisioner.v1.VmService/ExplodeVm', type)).status).toBe(404);
});

test.for([
  '/vmprovisioner.v1.VmService/ExplodeVm',
  '/vmprovisioner.v9.VmService/BootVm',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
])('a gRPC client reads %s as unimplemented, in headers that end the answer', async (path) => {
  const client = new Client(new URL(metald.url).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  const bytes = { to: () => Buffer.alloc(3), from: (content: Buffer) => content };
  const refusal = await new Promise((resolve) => {
    client.makeUnaryRequest(path, bytes.to, bytes.from, undefined, resolve);
  });
  expect(refusal).toMatchObject({ code: 12, details: 'unknown method' });

  const session = connectHttp2(metald.url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
  const [headers, flags] = await once(stream.end(), 'response');
  expect([headers[':status'], headers['grpc-status'], flags & constants.NGHTTP2_FLAG_END_STREAM]).toEqual([
    200,
    '12',
    1,
  ]);
});

test('a media type or method that is no RPC is refused with the status of HTTP', async () => {
  expect((await post(bootVm, { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await fetch(metald.url + bootVm)).status).toBe(405);
});

test.for(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
  '%s of an RPC is refused with the method that is allowed',
  async (method) => {
    const response = await fetch(metald.url + bootVm, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    const message = expect.stringContaining(`${method} is not allowed; an RPC is a POST`);
    expect(await response.json()).toEqual({ code: 'invalid_argument', message });
  },
);

test.for([
  'application/grpc-web-text',
  'application/grpc-web-text+proto',
  'text/plain',
  'application/grpc+thrift',
  'x',
])('the media type %s is refused with those that are allowed', async (type) => {
  const { status, headers, body } = await post(bootVm, { 'content-type': type });
  expect([status, headers.get('accept-post')]).toEqual([415, expect.stringContaining('application/grpc-web+proto')]);
  const message = expect.stringContaining(`content-type "${type}" is none of application/json, `);
  expect(JSON.parse(body)).toEqual({ code: 'invalid_argument', message });
});

test('the preflight request of a page of another origin is refused, in a sentence', async () => {
  const headers = { origin: 'http://shop.example', 'access-control-request-method': 'POST' };
  const response = await fetch(metald.url + bootVm, { method: 'OPTIONS', headers });
  expect(response.status).toBe(405);
  expect(await response.text()).toContain('pages of other origins are not served');
});

test.for(['application/grpc+proto', 'application/grpc-web+proto'])(
  'a message that cannot be read is invalid in %s, too, and is counted so',
  async (type) => {
    const series = { method: 'BootVm', code: 'invalid_argument' };
    const refused = async () =>
      readMetric(await scrape(metald.telemetry.metricsUrl), 'metald_api_requests_total', series);
    const before = await refused();
    const faults = async () => readMetric(await scrape(metald.telemetry.metricsUrl), 'metald_api_errors_total');
    const faultsBefore = await faults();
    const session = connectHttp2(metald.url);
    onTestFinished(() => session.destroy());
    const request = session.request({ ':method': 'POST', ':path': bootVm, 'content-type': type, te: 'trailers' });
    let trailers = '';
    request.on('trailers', (received) => {
      trailers = `grpc-status: ${String(received['grpc-status'])}`;
    });
    // An envelope with two bytes that are no field.
    request.end(Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]));
    const body = await text(request);
    expect(trailers + body).toContain('grpc-status: 3');
    await expect.poll(refused).toBe(before + 1);
    expect(await faults()).toBe(faultsBefore);
  },
);

test('a request without a host that could be one is refused', async () => {
  const { hostname, port } = new URL(metald.url);
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  socket.write(`POST ${bootVm} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`);
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('{"code":"invalid_argument","message":"invalid host"}');
});

describe.for(Object.entries(protocols))('%s', ([, open]) => {
  test('what a client gave up continues, and the VM is where it led', async () => {
    const client = open(metald.url);
    onTestFinished(() => client.close());
    const created = await client.call('createVm', { config: jsonConfig });
    const vmId = 'answer' in created && 'vmId' in created.answer ? String(created.answer.vmId) : '';
    const release = Promise.withResolvers<void>();
    delay = release.promise;
    // Long enough for a slow machine to have begun what the client asks for.
    const response = await post(bootVm, { ...jsonType, 'connect-timeout-ms': '500' }, JSON.stringify({ vmId }));
    release.resolve();
    delay = undefined;
    expect(response.status).toBe(504);
    expect(JSON.parse(response.body)).toMatchObject({ code: 'deadline_exceeded' });
    const state = async () => {
      const info = await client.call('getVmInfo', { vmId });
      return 'answer' in info && 'state' in info.answer ? info.answer.state : info;
    };
    await expect.poll(state).toBe(2);
    await client.call('deleteVm', { vmId, force: true });
  });
});

test('/health says that the process lives, and /_/health describes the host', async () => {
  expect(await (await fetch(`${metald.url}/health`)).json()).toMatchObject({ status: 'ok' });
  const response = await fetch(`${metald.url}/_/health`);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toContain('no-cache');
  const check = { status: 'healthy', duration_ms: expect.any(Number), timestamp: expect.stringMatching(/Z$/) };
  expect(await response.json()).toEqual({
    status: 'healthy',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    version: expect.any(String),
    backend: { type: 'cloudhypervisor', status: 'healthy' },
    system: {
      hostname: expect.any(String),
      cpu: { architecture: expect.any(String), cores: expect.any(Number), model: expect.any(String) },
      memory: {
        total_bytes: expect.any(Number),
        used_bytes: expect.any(Number),
        available_bytes: expect.any(Number),
        used_percent: expect.any(Number),
      },
      uptime: expect.stringMatching(/^(\d+h)?(\d+m)?\d+(\.\d+)?s$/),
    },
    checks: { backend_ping: check, system_info: check },
  });
});

test.for(Object.entries(protocols))(
  'after a request over %s that is too large, the next one is answered',
  async ([, open]) => {
    const caller = open(metald.url);
    onTestFinished(() => caller.close());
    for (let round = 0; round < 3; round += 1) {
      const refused = await caller.call('bootVm', { vmId: 'x'.repeat(2_000_000) });
      expect(refused).toMatchObject({ code: 'resource_exhausted' });
      expect(await caller.call('listVms', {})).toHaveProperty('answer');
    }
  },
);
