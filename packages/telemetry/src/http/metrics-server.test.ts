import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCatalogue } from '../metrics/catalogue.ts';
import { createHealth, type Health } from './health.ts';
import { ListenError } from './listen.ts';
import { createMetricsHandler } from './metrics-handler.ts';
import { type MetricsServer, startMetricsServer } from './metrics-server.ts';
import { defineScrapeMetrics } from './scrape-metrics.ts';

let server: MetricsServer;
let health: Health;
let errors: Error[];

beforeEach(async () => {
  errors = [];
  health = createHealth({ service: 'shop', version: '1.2.3' });
  const catalogue = createCatalogue();
  catalogue.counter({ name: 'boots_total', help: 'Boots.' }).inc(3);
  const sources = [
    ...catalogue.sources,
    {
      name: 'fleet',
      read() {
        throw new Error('no fleet');
      },
    },
  ];
  const onError = (error: Error) => errors.push(error);
  // Counted outside of the page, which is then the counter alone.
  const scrapeMetrics = defineScrapeMetrics(createCatalogue());
  const metrics = createMetricsHandler({ sources, onError, scrapeMetrics });
  server = await startMetricsServer({ listen: { host: '127.0.0.1', port: 0 }, metrics, health, onError });
});
afterEach(() => server.close());

test('the default format is text with a length', async () => {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(response.headers.get('vary')).toBe('Accept, Accept-Encoding');
  const page = await response.text();
  expect(page).toBe('# HELP boots_total Boots.\n# TYPE boots_total counter\nboots_total 3\n');
  expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(page)));
});

test('the metrics are OpenMetrics for a scraper that accepts it', async () => {
  const accept = 'application/openmetrics-text;version=1.0.0';
  const response = await fetch(`${server.url}/metrics?name=boots`, { headers: { accept } });
  expect(response.headers.get('content-type')).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores',
  );
  expect(await response.text()).toBe('# TYPE boots counter\n# HELP boots Boots.\nboots_total 3\n# EOF\n');
});

test('a failing source is reported and the page is served', async () => {
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200);
  expect(errors.map(({ message, cause }) => [message, cause])).toEqual([
    ['source fleet failed: no fleet', new Error('no fleet')],
  ]);
});

test('HEAD has the headers of GET and no body', async () => {
  const [head, get] = await Promise.all([
    fetch(`${server.url}/metrics`, { method: 'HEAD' }),
    fetch(`${server.url}/metrics`),
  ]);
  expect(head.status).toBe(200);
  expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  expect(await head.text()).toBe('');
  expect(await get.text()).not.toBe('');
});

test('/health answers while the service is starting, ready and draining', async () => {
  for (const readiness of ['starting', 'ready', 'draining'] as const) {
    health.readiness = readiness;
    const response = await fetch(`${server.url}/health`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      status: 'ok',
      service: 'shop',
      version: '1.2.3',
      uptime_seconds: expect.any(Number),
    });
  }
});

test.for([
  ['starting', 503],
  ['ready', 200],
  ['draining', 503],
] as const)('a service that is %s answers %i on /ready', async ([readiness, status]) => {
  health.readiness = readiness;
  const response = await fetch(`${server.url}/ready`);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ status: readiness, service: 'shop' });
});

test('an unknown path gets 404 with the paths that exist', async () => {
  const response = await fetch(`${server.url}/metric`);
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({ error: 'not found; there are /metrics, /health and /ready' });
});

test('another method gets 405 with the allowed ones', async () => {
  const response = await fetch(`${server.url}/metrics`, { method: 'POST', body: 'boots_total 0' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET, HEAD');
  expect(await response.json()).toEqual({ error: 'POST is not allowed; GET and HEAD are' });
});

test('a failing handler is reported and answers 500 without the reason', async () => {
  const failing = await startMetricsServer({
    listen: { host: '127.0.0.1', port: 0 },
    metrics: () => Promise.reject(new Error('secret reason')),
    health,
    onError: (error) => errors.push(error),
  });
  try {
    const response = await fetch(`${failing.url}/metrics`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret reason');
    expect(errors[0]?.cause).toEqual(new Error('secret reason'));
  } finally {
    await failing.close();
  }
});

test('a port in use is an error that names it and the setting to change', async () => {
  const port = Number(new URL(server.url).port);
  const listen = { host: '127.0.0.1', port, portSetting: 'SHOP_METRICS_PORT' };
  const starting = startMetricsServer({ listen, metrics: async () => {}, health, onError: () => {} });
  const error = await starting.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ListenError);
  expect(error).toMatchObject({
    port,
    message: `cannot listen on 127.0.0.1:${port}: it is in use already; choose another with SHOP_METRICS_PORT`,
  });
});

test('closing frees the port even while a client keeps its connection open', async () => {
  const other = await startMetricsServer({
    listen: { host: '127.0.0.1', port: 0 },
    metrics: async () => {},
    health,
    onError: () => {},
  });
  const response = await fetch(`${other.url}/health`);
  expect(response.headers.get('connection')).toBe('keep-alive');
  await response.text();
  await other.close();
  const successor = createServer().listen(Number(new URL(other.url).port), '127.0.0.1');
  await once(successor, 'listening');
  successor.close();
});
