import { expect, test } from 'vitest';
import { gather } from '../exposition/gather.ts';
import { writeText } from '../exposition/text.ts';
import { type Catalogue, createCatalogue } from './catalogue.ts';
import { anyValue } from './definition.ts';

const help = 'Something that is counted.';
const reasonForBuckets = 'The objective stands at 0.5 s.';

async function samplesOf({ sources }: Catalogue): Promise<string[]> {
  const { families, errors } = await gather(sources);
  expect(errors).toEqual([]);
  return writeText(families)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

test('every combination of known label values exists at zero before anything happened', async () => {
  const metrics = createCatalogue();
  metrics.counter({ name: 'boots_total', help, labels: { zone: ['a', 'b'], status: ['success', 'failed'] } });
  metrics.gauge({ name: 'vms', help, labels: { state: ['running', 'paused'] } });
  metrics.gauge({ name: 'depth', help });
  metrics.histogram({ name: 'wait_seconds', help, labels: { op: ['boot'] }, buckets: [0.5], reasonForBuckets });
  expect(await samplesOf(metrics)).toEqual([
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
  expect(await samplesOf(metrics)).toEqual([]);
  usage.set({ vm_id: 'vm-1', op: 'read' }, 4);
  expect(await samplesOf(metrics)).toEqual(['usage{vm_id="vm-1",op="read"} 4']);
  usage.remove({ vm_id: 'vm-1', op: 'read' });
  expect(await samplesOf(metrics)).toEqual([]);
});

test('instruments count, with and without labels', async () => {
  const metrics = createCatalogue();
  const boots = metrics.counter({ name: 'boots_total', help, labels: { status: ['success', 'failed'] } });
  const calls = metrics.counter({ name: 'calls_total', help });
  const depth = metrics.gauge({ name: 'depth', help });
  const wait = metrics.histogram({ name: 'wait_seconds', help, buckets: [0.5, 1], reasonForBuckets });
  boots.inc({ status: 'failed' });
  boots.inc({ status: 'failed' }, 2.5);
  calls.inc();
  calls.inc(0);
  depth.set(5);
  depth.inc(-2);
  for (const seconds of [0.5, 0.75, 3]) wait.observe(seconds);
  expect(await samplesOf(metrics)).toEqual([
    'boots_total{status="success"} 0',
    'boots_total{status="failed"} 3.5',
    'calls_total 1',
    'depth 3',
    'wait_seconds_bucket{le="0.5"} 1',
    'wait_seconds_bucket{le="1"} 2',
    'wait_seconds_bucket{le="+Inf"} 3',
    'wait_seconds_sum 4.25',
    'wait_seconds_count 3',
  ]);
});

test('a value that is not a number is refused by name and changes nothing', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help });
  const depth = metrics.gauge({ name: 'depth', help });
  const wait = metrics.histogram({ name: 'wait_seconds', help, buckets: [1], reasonForBuckets });
  const before = await samplesOf(metrics);
  expect(() => calls.inc(Number.NaN)).toThrow(RangeError);
  expect(() => calls.inc(-1)).toThrow(new RangeError('calls_total: a counter grows by 0 or more, not by -1'));
  expect(() => depth.set(Number.NaN)).toThrow(new RangeError('depth: NaN is not a number'));
  expect(() => depth.inc(Number.NaN)).toThrow(RangeError);
  expect(() => wait.observe(Number.NaN)).toThrow(new RangeError('wait_seconds: NaN is not a number'));
  expect(await samplesOf(metrics)).toEqual(before);
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
  expect(await samplesOf(metrics)).toEqual(['vms 1', 'io_bytes_total{op="read"} 10']);
  vms = 2;
  expect(await samplesOf(metrics)).toEqual(['vms 2', 'io_bytes_total{op="read"} 20']);
});

test('a second definition of a name is refused, whatever its type', () => {
  const metrics = createCatalogue();
  metrics.counter({ name: 'calls_total', help });
  const message = 'metric calls_total is defined twice; define it once and pass it on';
  expect(() => metrics.counter({ name: 'calls_total', help })).toThrow(message);
  expect(() => metrics.gauge({ name: 'calls_total', help })).toThrow(message);
  expect(() => metrics.observed({ type: 'counter', name: 'calls_total', help, read: () => 1 })).toThrow(message);
});

test('two metrics that OpenMetrics would give one name are refused', () => {
  const metrics = createCatalogue();
  metrics.gauge({ name: 'calls', help });
  expect(() => metrics.counter({ name: 'calls_total', help })).toThrow('has the OpenMetrics name of metric calls');
});

test('an observed metric that cannot be read costs only itself', async () => {
  const metrics = createCatalogue();
  const read = () => {
    throw new Error('gone');
  };
  metrics.observed({ type: 'gauge', name: 'broken', help, read });
  metrics.observed({ type: 'gauge', name: 'vms', help, read: () => 1 });
  const { families, errors } = await gather(metrics.sources);
  expect(families.map(({ name }) => name)).toEqual(['vms']);
  expect(errors.map(({ cause }) => cause)).toEqual([new Error('gone')]);
});

test('a definition that Prometheus would not take is refused and not listed', async () => {
  const metrics = createCatalogue();
  const read = () => 1;
  const buckets = [1, 1];
  expect(() => metrics.counter({ name: 'calls', help })).toThrow('the name of a counter ends in _total');
  expect(() => metrics.observed({ type: 'counter', name: 'calls', help, read })).toThrow('ends in _total');
  expect(() => metrics.gauge({ name: '2nd-depth', help })).toThrow('metric 2nd-depth cannot be defined');
  expect(() => metrics.gauge({ name: 'a', help, labels: { 'vm-id': anyValue } })).toThrow('label vm-id is not');
  expect(() => metrics.gauge({ name: 'b', help, labels: { __name__: ['x'] } })).toThrow('label __name__ is not');
  expect(() => metrics.gauge({ name: 'c', help, labels: { op: ['x', 'x'] } })).toThrow('lists a value twice');
  expect(() => metrics.histogram({ name: 'd', help, buckets, reasonForBuckets })).toThrow('bucket edges rise');
  const infinite = [1, Number.POSITIVE_INFINITY];
  expect(() => metrics.histogram({ name: 'e', help, buckets: infinite, reasonForBuckets })).toThrow('edges are finite');
  const le = { le: ['1'] };
  expect(() => metrics.histogram({ name: 'f', help, labels: le, buckets: [1], reasonForBuckets })).toThrow(
    'label le belongs',
  );
  expect(metrics.entries).toEqual([]);
  expect(await samplesOf(metrics)).toEqual([]);
});

test('the catalogue lists what was defined, in that order, with the reason for its buckets', () => {
  const metrics = createCatalogue();
  metrics.observed({ type: 'gauge', name: 'vms', help, read: () => 1 });
  metrics.histogram({ name: 'wait_seconds', help, labels: { op: ['boot'] }, buckets: [0.5], reasonForBuckets });
  expect(metrics.entries).toEqual([
    { name: 'vms', help, type: 'gauge', labels: {} },
    { name: 'wait_seconds', help, type: 'histogram', labels: { op: ['boot'] }, buckets: [0.5], reasonForBuckets },
  ]);
});
