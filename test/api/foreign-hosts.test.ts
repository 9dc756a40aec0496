import { once } from 'node:events';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { startWebhookSink, type WebhookSink } from '@vmobs/lab/webhook-sink';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { afterAll, beforeAll, expect, test } from 'vitest';

const quiet = {
  port: 0,
  metricsPort: 0,
  logLevel: 'silent',
  simControl: true,
  allowedHosts: ['vmobs.example.com'],
} as const;

let metald: Metald;
let billaged: Billaged;
let sink: WebhookSink;

beforeAll(async () => {
  billaged = await startBillaged(quiet);
  metald = await startMetald({ ...quiet, billingEndpoint: billaged.url });
  sink = await startWebhookSink({ port: 0, allowedHosts: quiet.allowedHosts });
});
afterAll(async () => {
  await Promise.all([metald.close(), billaged.close(), sink.close()]);
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function send(url: string, headers: Record<string, string>, method = 'GET', body = ''): Promise<Answer> {
  const request = sendRequest(url, {
    method,
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  const answered = once(request, 'response');
  request.end(body);
  const [response]: IncomingMessage[] = await answered;
  return { status: response?.statusCode ?? 0, body: response === undefined ? '' : await text(response) };
}

/** What a browser can ask for without a preflight and read: each port, by its path. */
const pages: readonly [string, () => string][] = [
  [
    'the VMs of metald',
    () => `${metald.url}/vmprovisioner.v1.VmService/ListVms?encoding=json&message=%7B%7D&connect=v1`,
  ],
  ['the health of metald', () => `${metald.url}/health`],
  ['the host health of metald', () => `${metald.url}/_/health`],
  ['the truth of metald', () => `${metald.url}/sim/truth`],
  ['the faults of metald', () => `${metald.url}/sim/faults`],
  ['the metrics of metald', () => `${metald.telemetry.metricsUrl}/metrics`],
  ['the readiness of metald', () => `${metald.telemetry.metricsUrl}/ready`],
  ['the usage of billaged', () => `${billaged.url}/v1/usage`],
  ['the stats of billaged', () => `${billaged.url}/stats`],
  ['the metrics of billaged', () => `${billaged.telemetry.metricsUrl}/metrics`],
  ['the notifications of the lab', () => `${sink.url}/alerts`],
  ['the metrics of the lab', () => `${sink.url}/metrics`],
  ['a path that is not there', () => `${metald.url}/nothing`],
];

test.for(pages)('%s is refused to the host name of a stranger', async ([, url]) => {
  for (const host of ['evil.example', 'evil.example:8080', 'localhost.evil.example']) {
    const { status, body } = await send(url(), { host });
    expect(status).toBe(403);
    expect(body).toContain('is not allowed; allowed are localhost, IP addresses');
  }
});

test.for(pages)(
  '%s is not refused to the names of this machine, of containers, and to configured ones',
  async ([, url]) => {
    const hosts = [
      'localhost',
      '127.0.0.1:1',
      '[::1]:1',
      'metald-sim:9464',
      'metald.vmobs.svc.cluster.local',
      'vmobs.example.com',
    ];
    for (const host of hosts) expect((await send(url(), { host })).status).not.toBe(403);
  },
);

const changes: readonly [string, () => string, string, object][] = [
  ['a VM', () => `${metald.url}/vmprovisioner.v1.VmService/CreateVm`, 'POST', { config: {} }],
  ['a fault of metald', () => `${metald.url}/sim/faults/process-crash`, 'PUT', {}],
  ['a fault of billaged', () => `${billaged.url}/sim/faults/process-crash`, 'PUT', {}],
  ['a batch', () => `${billaged.url}/billing.v1.BillingService/SendMetricsBatch`, 'POST', {}],
  ['a notification', () => `${sink.url}/watchdog`, 'POST', { status: 'firing', alerts: [] }],
];

test.for(changes)('%s is refused to a foreign page', async ([, url, method, body]) => {
  for (const origin of ['https://evil.example', 'http://localhost:1', 'null']) {
    const answer = await send(url(), { origin }, method, JSON.stringify(body));
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('is not allowed; allowed are the host and port of the request itself');
  }
});

test('a page of the port itself may change something, and so may one of a configured name', async () => {
  const url = `${metald.url}/sim/faults/api-latency`;
  for (const origin of [new URL(url).origin, 'https://vmobs.example.com']) {
    expect((await send(url, { origin }, 'PUT', '{"size": 1}')).status).toBe(200);
    expect((await send(url, { origin }, 'DELETE')).status).toBe(200);
  }
});

test('a refused RPC is counted, with the code that its clients show', async () => {
  const { body } = await send(
    `${metald.url}/vmprovisioner.v1.VmService/ListVms`,
    { host: 'evil.example' },
    'POST',
    '{}',
  );
  expect(JSON.parse(body)).toEqual({ code: 'permission_denied', message: expect.stringContaining('evil.example') });
  const { body: page } = await send(`${metald.telemetry.metricsUrl}/metrics`, {});
  expect(page).toMatch(/^http_server_request_duration_seconds_count\{.*http_response_status_code="403".*\} [1-9]/m);
});

test('HTTP/2 is no way around', async () => {
  const session = connect(metald.url);
  try {
    const stream = session.request({ ':path': '/sim/faults', ':authority': 'evil.example' });
    const [headers] = await once(stream, 'response');
    stream.resume();
    expect(headers[':status']).toBe(403);
  } finally {
    session.destroy();
  }
});
