import { Counter, collectDefaultMetrics, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { anyValue } from '../definitions/definition.ts';
import { type Catalogue, createCatalogue } from './catalogue.ts';
import { defineProcessMetrics } from './process-metrics.ts';
import { readLines, scrape } from './testing/read-samples.ts';

const help = 'Something that is counted.';
const reasonForBuckets = 'One is enough.';

/** A catalogue with one metric of each kind, moved. */
function createMoved() {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help, labels: { path: anyValue, status: ['ok', 'failed'] } });
  const depth = metrics.gauge({ name: 'depth', help });
  const op = ['x'] as const;
  const wait = metrics.histogram({ name: 'wait_seconds', help, labels: { op }, buckets: [0.5, 1], reasonForBuckets });
  metrics.observed({ type: 'gauge', name: 'vms', help, labels: { zone: ['a'] }, read: () => [[{ zone: 'a' }, 3]] });
  calls.inc({ path: '1,status:ok', status: 'failed' });
  calls.inc({ path: '"\\\n', status: 'ok' }, 1.5);
  depth.set(Number.NEGATIVE_INFINITY);
  for (const seconds of [0.25, 0.75, 0.75, 5]) wait.observe({ op: 'x' }, seconds);
  return { metrics, calls };
}

/** What a page says, but for what the handler says of itself. */
function contentOf(page: string): string[] {
  return page.split('\n').filter((line) => line !== '' && !line.includes('promhttp_'));
}

async function expectAgreement(metrics: Catalogue): Promise<void> {
  const { page, errors } = await scrape(metrics);
  expect(errors).toEqual([]);
  expect(contentOf(await metrics.registry.metrics())).toEqual(contentOf(page));
}

test('the page that prom-client writes of the registry equals ours', async () => {
  const { metrics, calls } = createMoved();
  await expectAgreement(metrics);
  calls.inc({ path: '/', status: 'ok' });
  await expectAgreement(metrics);
  const page = await metrics.registry.metrics();
  expect(page).toContain('calls_total{path="1,status:ok",status="failed"} 1\n');
  expect(page).toContain('calls_total{path="/",status="ok"} 1\n');
  expect(page).toContain('wait_seconds_bucket{le="1",op="x"} 3\n');
  expect(page).toContain('telemetry_metric_overflow_total{metric="calls_total"} 0\n');
});

test('prom-client can read the registry in its other ways', async () => {
  const { metrics } = createMoved();
  expect(await metrics.registry.getSingleMetricAsString('vms')).toContain('vms{zone="a"} 3');
  const json = await metrics.registry.getMetricsAsJSON();
  const values = json.find(({ name }) => name === 'wait_seconds')?.values ?? [];
  expect(values).toContainEqual({ value: 6.75, labels: { op: 'x' }, metricName: 'wait_seconds_sum' });
  const merged = Registry.merge([metrics.registry, new Registry()]);
  expect(await merged.getSingleMetricAsString('wait_seconds')).toContain('wait_seconds_count{op="x"} 4');
});

test('a registry that writes OpenMetrics does not change the catalogue', async () => {
  const { metrics } = createMoved();
  const openMetrics = new Registry<OpenMetricsContentType>();
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const { name } of metrics.entries) {
    const metric = metrics.registry.getSingleMetric(name);
    if (metric !== undefined) openMetrics.registerMetric(metric);
  }
  const before = await readLines(metrics);
  expect(await openMetrics.metrics()).toContain('calls_total{path="1,status:ok",status="failed"} 1\n');
  expect(await readLines(metrics)).toEqual(before);
});

test('a metric that is added to the registry is on the page', async () => {
  const metrics = createCatalogue();
  const own = new Counter({ name: 'own_total', help, registers: [metrics.registry] });
  own.inc(2);
  const { page } = await scrape(metrics);
  expect(contentOf(page)).toContain('own_total 2');
});

test('a name belongs to the catalogue or to an added metric, never to both', () => {
  const metrics = createCatalogue();
  const registers = [metrics.registry];
  new Gauge({ name: 'theirs', help, registers });
  expect(() => metrics.gauge({ name: 'theirs', help })).toThrow(
    'metric theirs is in the registry of the catalogue already',
  );
  metrics.gauge({ name: 'ours', help });
  expect(() => new Gauge({ name: 'ours', help, registers })).toThrow('already been registered');
});

test('a metric of the catalogue is read-only in the registry', async () => {
  const { metrics } = createMoved();
  const before = await readLines(metrics);
  const depth = metrics.registry.getSingleMetric('depth');
  expect(() => depth instanceof Gauge && depth.set(1)).toThrow('change it with what the catalogue returned');
  const wait = metrics.registry.getSingleMetric('wait_seconds');
  expect(() => wait instanceof Histogram && wait.observe({ op: 'x' }, 1)).toThrow(
    'wait_seconds belongs to a catalogue',
  );
  expect(() => metrics.registry.resetMetrics()).toThrow('belongs to a catalogue');
  expect(await readLines(metrics)).toEqual(before);
});

test('the global registry of prom-client is not used', async () => {
  const { register } = await import('prom-client');
  createMoved();
  expect(register.getMetricsAsArray()).toEqual([]);
});

/** A catalogue with the metrics of the process, and the default metrics of prom-client in its registry. */
function createWithDefaults() {
  const metrics = createCatalogue();
  onTestFinished(defineProcessMetrics(metrics).close);
  const register = metrics.registry;
  collectDefaultMetrics({ register });
  return metrics;
}

test('a library that adds the default metrics gets on, and each family is on the page once', async () => {
  const metrics = createWithDefaults();
  const { page, errors } = await scrape(metrics);
  expect(errors).toEqual([]);
  const families = page.split('\n').filter((line) => line.startsWith('# TYPE '));
  expect(families).toHaveLength(new Set(families).size);
  expect(families).toContain('# TYPE process_cpu_seconds_total counter');
  expect(families).toContain('# TYPE nodejs_eventloop_lag_mean_seconds gauge');
  const pushed = (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('# TYPE '));
  expect(pushed).toHaveLength(new Set(pushed).size);
});

test('the default metrics that the catalogue does not have are measured', async () => {
  const metrics = createWithDefaults();
  const readLag = async () => {
    const lines = contentOf((await scrape(metrics)).page);
    return Number(lines.find((line) => line.startsWith('nodejs_eventloop_lag_mean_seconds '))?.split(' ')[1]);
  };
  await expect.poll(readLag).toBeGreaterThan(0);
});

test('a second library may add them, too, and one under a prefix', async () => {
  const metrics = createWithDefaults();
  const register = metrics.registry;
  collectDefaultMetrics({ register, prefix: 'theirs_' });
  const { page, errors } = await scrape(metrics);
  expect(errors).toEqual([]);
  expect(page).toContain('# TYPE theirs_process_cpu_seconds_total counter');
});
