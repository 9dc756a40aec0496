import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry, Summary } from 'prom-client';
import { expect, test } from 'vitest';
import { registrySource } from './registry-source.ts';
import { gather, writeOpenMetrics, writeText } from './testing/read-page.ts';

function registryOfEveryType(): Registry {
  const registry = new Registry();
  const registers = [registry];
  const boots = new Counter({ name: 'boots_total', help: 'Boots.', labelNames: ['status'], registers });
  boots.inc({ status: 'success' }, 2);
  new Counter({ name: 'calls', help: 'Calls, by an old name.', registers }).inc();
  new Gauge({ name: 'vms', help: 'VMs.', registers }).set(7);
  new Histogram({ name: 'wait_seconds', help: 'Waiting.', buckets: [0.5, 1], registers }).observe(0.75);
  new Summary({ name: 'size_bytes', help: 'Size.', percentiles: [0.5], registers }).observe(10);
  return registry;
}

test('reading a registry as OpenMetrics does not change its own output', async () => {
  const registry = registryOfEveryType();
  const before = await registry.metrics();
  const { families, errors } = await gather([registrySource(registry)]);
  expect(errors).toEqual([]);
  expect(writeOpenMetrics(families)).toContain('boots_total{status="success"} 2\n');
  expect(await registry.metrics()).toBe(before);
});

test('the text page has the samples that the registry itself writes', async () => {
  const registry = registryOfEveryType();
  const { families } = await gather([registrySource(registry)]);
  const linesOf = (page: string) => page.split('\n').filter((line) => line !== '');
  expect(linesOf(writeText(families))).toEqual(linesOf(await registry.metrics()));
});

test('types of prom-client are kept and others become unknown', async () => {
  const info = { get: () => ({ name: 'build', help: 'Build.', type: 'info', values: [{ labels: {}, value: 1 }] }) };
  const { families } = await gather([
    registrySource(registryOfEveryType()),
    registrySource({ getMetricsAsArray: () => [info] }),
  ]);
  expect(families.map(({ name, type }) => [name, type])).toEqual([
    ['boots_total', 'counter'],
    ['calls', 'counter'],
    ['vms', 'gauge'],
    ['wait_seconds', 'histogram'],
    ['size_bytes', 'summary'],
    ['build', 'unknown'],
  ]);
});

test('unset labels are left out', async () => {
  const values: object[] = [{ labels: { host: 'a', zone: undefined }, value: 1 }, { value: 2 }];
  const metric = { get: async () => ({ name: 'vms', help: 'VMs.', type: 'gauge', values }) };
  const { families } = await gather([registrySource({ getMetricsAsArray: () => [metric] })]);
  expect(writeText(families)).toBe('# HELP vms VMs.\n# TYPE vms gauge\nvms{host="a"} 1\nvms 2\n');
});

test('a metric collects at each scrape', async () => {
  const registry = new Registry();
  let vms = 0;
  const collect = function (this: Gauge) {
    this.set(vms);
  };
  new Gauge({ name: 'vms', help: 'VMs.', registers: [registry], collect });
  const sources = [registrySource(registry)];
  for (vms of [1, 2]) expect(writeText((await gather(sources)).families)).toContain(`\nvms ${vms}\n`);
});

test('a metric whose collector fails or hangs is named and does not affect others', async () => {
  const registry = new Registry();
  const registers = [registry];
  const fail = () => Promise.reject(new Error('no route to the database'));
  new Gauge({ name: 'failing', help: 'Fails.', registers, collect: fail });
  new Gauge({ name: 'hanging', help: 'Hangs.', registers, collect: () => new Promise<void>(() => undefined) });
  new Gauge({ name: 'vms', help: 'VMs.', registers }).set(7);
  const strange = { getMetricsAsArray: () => [{ name: 'strange' }] };
  const { families, errors } = await gather([registrySource(registry), registrySource(strange)], 20);
  expect(families.map(({ name }) => name)).toEqual(['vms']);
  expect(errors.map(({ message }) => message)).toEqual([
    'metric failing of source 1 (readRegistry) is left out: no route to the database',
    'metric hanging of source 1 (readRegistry) did not answer within 0.02 s and is left out of the page',
    'metric strange of source 2 (readRegistry) is left out: a metric of a registry needs a method get()',
  ]);
});

test('exemplars are copied at the scrape', async () => {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry];
  const counter = new Counter({ name: 'boots_total', help: 'Boots.', registers, enableExemplars: true });
  const wait = new Histogram({ name: 'wait_seconds', help: 'Waits.', buckets: [1], registers, enableExemplars: true });
  counter.inc({ labels: {}, value: 2, exemplarLabels: { trace_id: 'a' } });
  wait.observe({ labels: {}, value: 3, exemplarLabels: { trace_id: 'b' } });
  const { families, errors } = await gather([registrySource(registry)]);
  counter.inc({ labels: {}, value: 2, exemplarLabels: { trace_id: 'c' } });
  expect(errors).toEqual([]);
  const page = writeOpenMetrics(families);
  expect(page).toMatch(/\nboots_total 2 # \{trace_id="a"\} 2 \d+\.?\d*\n/);
  expect(page).toContain('\nwait_seconds_bucket{le="1.0"} 0\n');
  expect(page).toMatch(/\nwait_seconds_bucket\{le="\+Inf"\} 1 # \{trace_id="b"\} 3 \d+\.?\d*\n/);
});
