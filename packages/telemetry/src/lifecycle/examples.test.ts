import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { urlOf } from '../http/listen.ts';

/** The part of a span in OTLP that is read here. */
interface ExportedSpan {
  readonly name: string;
  readonly traceId: string;
}

/** A collector that keeps the spans it is sent. */
async function startCollector() {
  const spans: ExportedSpan[] = [];
  const collector = createServer(async (request, response) => {
    const { resourceSpans } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  onTestFinished(() => void collector.close());
  return { spans, url: urlOf(collector.address()) };
}

/** Starts an example as its reader would, on free ports. */
async function startExample(path: string, collectorUrl?: string) {
  const tracing = collectorUrl === undefined ? {} : { SHOP_OTEL_ENABLED: 'true', SHOP_OTEL_ENDPOINT: collectorUrl };
  const child = spawn(process.execPath, [path], {
    env: { SHOP_PORT: '0', SHOP_OTEL_PROMETHEUS_PORT: '0', ...tracing },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written += text));
  const closed = once(child, 'close');
  const lines = (): Record<string, unknown>[] =>
    (written.match(/^.*\n/gm) ?? []).map((line): Record<string, unknown> => JSON.parse(line));
  const listening = () => /Server listening at (http:[^"]+)/.exec(written)?.[1];
  await expect.poll(listening, { timeout: 100_000 }).toBeDefined();
  return {
    url: String(listening()),
    metricsUrl: String(lines()[0]?.['metrics_url']),
    async end() {
      child.kill('SIGTERM');
      const [status] = await closed;
      return { status, lines: lines() };
    },
  };
}

const http = {
  path: '/orders',
  body: '',
  requests:
    'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/orders",http_response_status_code="200"} 1',
  requestLine: { level: 'info', msg: 'http request', method: 'POST', route: '/orders', status: 200 },
  span: 'POST /orders',
};
const rpc = {
  path: '/shop.v1.ShopService/PlaceOrder',
  body: '"book"',
  requests: 'shop_api_requests_total{method="PlaceOrder",code="ok"} 1',
  requestLine: { level: 'info', msg: 'rpc success', procedure: 'shop.v1.ShopService/PlaceOrder', code: 'ok' },
  span: 'shop.v1.ShopService/PlaceOrder',
};

const examples = [
  { name: 'fastify', main: import.meta.resolve('../../examples/fastify.ts'), ...http },
  { name: 'node-http', main: import.meta.resolve('../../examples/node-http.ts'), ...http },
  { name: 'connect', main: import.meta.resolve('../../examples/connect.ts'), ...rpc },
] as const;

test.for(examples)(
  'the example $name counts, traces and logs an order, and ends in order',
  async ({ main, path, body, requests, requestLine, span }) => {
    const collector = await startCollector();
    const shop = await startExample(fileURLToPath(main), collector.url);

    for (const url of [shop.url, shop.metricsUrl]) {
      expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ok', service: 'shop' });
      expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'ready', service: 'shop' });
    }
    const headers = body === '' ? {} : { 'content-type': 'application/json' };
    const response = await fetch(shop.url + path, { method: 'POST', body, headers });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('o-1');
    const page = async () => (await fetch(`${shop.metricsUrl}/metrics`)).text();
    await expect.poll(page).toContain(requests);
    expect(await page()).toContain('shop_orders_total{outcome="paid"} 1\n');

    const { status, lines } = await shop.end();
    expect(status).toBe(0);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'shop starts',
      expect.stringContaining('Server listening'),
      'order placed',
      requestLine.msg,
      'signal received',
      'shutting down',
    ]);
    expect(lines[3]).toMatchObject(requestLine);
    expect(collector.spans.map(({ name }) => name).sort()).toEqual(['charge card', span].sort());
    const traces = [...collector.spans.map(({ traceId }) => traceId), lines[2]?.['trace_id'], lines[3]?.['trace_id']];
    expect(new Set(traces).size).toBe(1);
  },
);

test('an RPC that is the fault of its client is a warning, as in the real services', async () => {
  const shop = await startExample(fileURLToPath(import.meta.resolve('../../examples/connect.ts')));
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(shop.url + rpc.path, { method: 'POST', body: '""', headers });
  expect(response.status).toBe(400);
  const { status, lines } = await shop.end();
  expect(status).toBe(0);
  expect(lines.find(({ msg }) => msg === 'rpc error')).toMatchObject({
    level: 'warn',
    code: 'invalid_argument',
    error: '[invalid_argument] an order names an article',
  });
});
