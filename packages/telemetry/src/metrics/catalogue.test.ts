import { expect, test } from 'vitest';
import { anyValue } from '../definitions/definition.ts';
import { createCatalogue } from './catalogue.ts';
import { readLines, readOverflow, scrape } from './testing/read-samples.ts';

const help = 'Something that is counted.';
const reasonForBuckets = 'The objective stands at 0.5 s.';

test('every combination of known label values exists at zero from the start', async () => {
  const metrics = createCatalogue();
  metrics.counter({ name: 'boots_total', help, labels: { zone: ['a', 'b'], status: ['success', 'failed'] } });
  metrics.gauge({ name: 'vms', help, labels: { state: ['running', 'paused'] } });
  metrics.gauge({ name: 'depth', help });
  metrics.histogram({ name: 'wait_seconds', help, labels: { op: ['boot'] }, buckets: [0.5], reasonForBuckets });
  expect(await readLines(metrics)).toEqual([
    'boots_total{zone="a",status="success"} 0',
    'boots_total{zone="a",status="failed"} 0',
    'boots_total{zone="b",status="success"} 0',
    'boots_total{zone="b",status="failed"} 0',
    'vms{state="running"} 0',
    'vms{state="paused"} 0',
    'depth 0',
    'wait_seconds_bucket{le="0.5",op="boot"} 0',
    'wait_seconds_bucket{le="+Inf",op="boot"} 0',
    'wait_seconds_sum{op="boot"} 0',
    'wait_seconds_count{op="boot"} 0',
  ]);
});

test('a label whose values are not known in advance has no series until one is used', async () => {
  const metrics = createCatalogue();
  const usage = metrics.gauge({ name: 'usage', help, labels: { vm_id: anyValue, op: ['read', 'write'] } });
  expect(await readLines(metrics)).toEqual([]);
  usage.set({ vm_id: 'vm-1', op: 'read' }, 4);
  expect(await readLines(metrics)).toEqual(['usage{vm_id="vm-1",op="read"} 4']);
});

test('overflow is counted from 0 for each metric with a label of any value', async () => {
  const metrics = createCatalogue();
  metrics.counter({ name: 'boots_total', help, labels: { status: ['ok'] } });
  metrics.gauge({ name: 'usage', help, labels: { vm_id: anyValue } });
  metrics.observed({ type: 'gauge', name: 'load', help, labels: { vm_id: anyValue }, read: () => [] });
  expect(await readOverflow(metrics)).toEqual({ usage: 0 });
  expect(metrics.entries.map(({ name }) => name)).toEqual([
    'boots_total',
    'telemetry_metric_overflow_total',
    'usage',
    'load',
  ]);
});

test('an observed metric is read at each scrape', async () => {
  const metrics = createCatalogue();
  let vms = 1;
  metrics.observed({ type: 'gauge', name: 'vms', help, read: () => vms });
  metrics.observed({
    type: 'counter',
    name: 'io_bytes_total',
    help,
    labels: { op: ['read', 'write'] },
    read: () => new Map([[{ op: 'read' } as const, vms * 10]]),
  });
  expect(await readLines(metrics)).toEqual(['vms 1', 'io_bytes_total{op="read"} 10']);
  vms = 2;
  expect(await readLines(metrics)).toEqual(['vms 2', 'io_bytes_total{op="read"} 20']);
});

test('an observed metric without a value has no series', async () => {
  const metrics = createCatalogue();
  let temperature: number | undefined;
  metrics.observed({ type: 'gauge', name: 'temperature_celsius', help, read: () => temperature });
  expect(await readLines(metrics)).toEqual([]);
  temperature = 0;
  expect(await readLines(metrics)).toEqual(['temperature_celsius 0']);
});

test('an observed metric that fails or is not a number does not affect others', async () => {
  const metrics = createCatalogue();
  const read = () => {
    throw new Error('gone');
  };
  metrics.observed({ type: 'gauge', name: 'broken', help, read });
  metrics.observed({ type: 'gauge', name: 'blurred', help, read: () => Number.NaN });
  metrics.observed({ type: 'gauge', name: 'vms', help, read: () => 1 });
  const { page, errors } = await scrape(metrics);
  expect(page).toContain('\nvms 1\n');
  expect(page).not.toMatch(/broken|blurred/);
  expect(errors.map(({ cause }) => cause)).toEqual([new Error('gone'), new RangeError('blurred: NaN is not a number')]);
});

test('the catalogue lists definitions in order with the reason for their buckets', () => {
  const metrics = createCatalogue();
  metrics.observed({ type: 'gauge', name: 'vms', help, read: () => 1 });
  metrics.histogram({ name: 'wait_seconds', help, labels: { op: ['boot'] }, buckets: [0.5], reasonForBuckets });
  expect(metrics.entries).toEqual([
    { name: 'vms', help, type: 'gauge', labels: {} },
    { name: 'wait_seconds', help, type: 'histogram', labels: { op: ['boot'] }, buckets: [0.5], reasonForBuckets },
  ]);
});
