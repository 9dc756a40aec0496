import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { expect, test } from 'vitest';
import { gather } from './gather.ts';
import { writeOpenMetrics } from './openmetrics.ts';
import { registrySource } from './registry-source.ts';
import { writeText } from './text.ts';

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

test('reading a registry as OpenMetrics leaves its own output as it was', async () => {
  const registry = registryOfEveryType();
  const before = await registry.metrics();
  const { families, errors } = await gather([registrySource(registry)]);
  expect(errors).toEqual([]);
  expect(writeOpenMetrics(families)).toContain('boots_total{status="success"} 2\n');
  expect(await registry.metrics()).toBe(before);
});

test('what is written as text has the samples that the registry itself writes', async () => {
  const registry = registryOfEveryType();
  const { families } = await gather([registrySource(registry)]);
  const linesOf = (page: string) => page.split('\n').filter((line) => line !== '');
  expect(linesOf(writeText(families))).toEqual(linesOf(await registry.metrics()));
});

test('the types of prom-client are kept and any other is unknown', async () => {
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

test('a label without a value is left out', async () => {
  const values = [{ labels: { host: 'a', zone: undefined }, value: 1 }];
  const metric = { get: async () => ({ name: 'vms', help: 'VMs.', type: 'gauge', values }) };
  const { families } = await gather([registrySource({ getMetricsAsArray: () => [metric] })]);
  expect([...(families[0]?.samples ?? [])]).toStrictEqual([{ name: 'vms', labels: { host: 'a' }, value: 1 }]);
});

test('each scrape reads anew, and a metric collects at the scrape', async () => {
  const registry = new Registry();
  let vms = 0;
  const collect = function (this: Gauge) {
    this.set(vms);
  };
  new Gauge({ name: 'vms', help: 'VMs.', registers: [registry], collect });
  const source = registrySource(registry);
  for (vms of [1, 2]) expect(writeText(await source())).toContain(`\nvms ${vms}\n`);
});

test('an object that is no metric fails the source', async () => {
  const { errors } = await gather([registrySource({ getMetricsAsArray: () => [{ name: 'vms' }] })]);
  expect(errors[0]?.cause).toEqual(new TypeError('a metric of a registry has get()'));
});
