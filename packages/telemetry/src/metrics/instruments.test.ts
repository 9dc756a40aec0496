import { expect, test } from 'vitest';
import { anyValue } from '../definitions/definition.ts';
import { createCatalogue } from './catalogue.ts';
import { readLines } from './testing/read-samples.ts';

const help = 'Something that is counted.';
const reasonForBuckets = 'The objective stands at 0.5 s.';

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
  expect(await readLines(metrics)).toEqual([
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

test.for([1, 2, 3, 7, 20])('a value is in the first of %i buckets whose edge is not below it', async (count) => {
  const edges = Array.from({ length: count }, (_, index) => index - 1);
  const between = edges.map((edge) => edge - 0.5);
  const metrics = createCatalogue();
  const wait = metrics.histogram({ name: 'wait_seconds', help, buckets: edges, reasonForBuckets });
  for (const value of [...edges, ...between, count]) wait.observe(value);
  const buckets = (await readLines(metrics)).filter((line) => line.startsWith('wait_seconds_bucket'));
  expect(buckets).toEqual([
    ...edges.map((edge, index) => `wait_seconds_bucket{le="${edge}"} ${2 * (index + 1)}`),
    `wait_seconds_bucket{le="+Inf"} ${2 * count + 1}`,
  ]);
});

test('a bound series is the one of its labels', async () => {
  const metrics = createCatalogue();
  const boots = metrics.counter({ name: 'boots_total', help, labels: { zone: anyValue, status: ['ok', 'failed'] } });
  const depth = metrics.gauge({ name: 'depth', help, labels: { queue: ['in'] } });
  const wait = metrics.histogram({ name: 'wait_seconds', help, labels: { op: ['x'] }, buckets: [1], reasonForBuckets });
  const failed = boots.labels({ status: 'failed', zone: 'a' });
  expect(boots.labels({ zone: 'a', status: 'failed' })).toBe(failed);
  expect(await readLines(metrics)).toContain('boots_total{zone="a",status="failed"} 0');
  failed.inc();
  boots.inc({ zone: 'a', status: 'failed' }, 2);
  depth.labels({ queue: 'in' }).set(4);
  depth.labels({ queue: 'in' }).inc();
  wait.labels({ op: 'x' }).observe(0.5);
  expect(await readLines(metrics)).toEqual([
    'boots_total{zone="a",status="failed"} 3',
    'depth{queue="in"} 5',
    'wait_seconds_bucket{le="1",op="x"} 1',
    'wait_seconds_bucket{le="+Inf",op="x"} 1',
    'wait_seconds_sum{op="x"} 0.5',
    'wait_seconds_count{op="x"} 1',
  ]);
});

test('an instrument without labels can also be bound', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help });
  calls.labels().inc();
  calls.inc();
  metrics.gauge({ name: 'depth', help }).labels().set(2);
  metrics
    .histogram({ name: 'wait_seconds', help, buckets: [1], reasonForBuckets })
    .labels()
    .observe(3);
  expect(await readLines(metrics)).toEqual([
    'calls_total 2',
    'depth 2',
    'wait_seconds_bucket{le="1"} 0',
    'wait_seconds_bucket{le="+Inf"} 1',
    'wait_seconds_sum 3',
    'wait_seconds_count 1',
  ]);
});

test('a removed gauge series returns when it is set again, bound or not', async () => {
  const metrics = createCatalogue();
  const usage = metrics.gauge({ name: 'usage', help, labels: { vm_id: anyValue, op: ['read', 'write'] } });
  const depth = metrics.gauge({ name: 'depth', help });
  const bound = usage.labels({ vm_id: 'vm-1', op: 'read' });
  bound.set(4);
  usage.set({ vm_id: 'vm-1', op: 'write' }, 5);
  usage.remove({ vm_id: 'vm-1', op: 'read' });
  usage.remove({ vm_id: 'vm-2', op: 'read' });
  depth.remove();
  expect(await readLines(metrics)).toEqual(['usage{vm_id="vm-1",op="write"} 5']);
  bound.inc();
  depth.set(1);
  expect(await readLines(metrics)).toEqual([
    'usage{vm_id="vm-1",op="write"} 5',
    'usage{vm_id="vm-1",op="read"} 1',
    'depth 1',
  ]);
  usage.labels({ vm_id: 'vm-1', op: 'write' }).remove();
  expect(await readLines(metrics)).toEqual(['usage{vm_id="vm-1",op="read"} 1', 'depth 1']);
});

test('a value that is not a number is refused by name and changes nothing', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help });
  const boots = metrics.counter({ name: 'boots_total', help, labels: { status: ['ok'] } });
  const depth = metrics.gauge({ name: 'depth', help });
  const wait = metrics.histogram({ name: 'wait_seconds', help, buckets: [1], reasonForBuckets });
  const before = await readLines(metrics);
  const grows = 'a counter grows by a finite amount of 0 or more';
  expect(() => calls.inc(Number.NaN)).toThrow(new RangeError(`calls_total: ${grows}, not by NaN`));
  expect(() => calls.inc(-1)).toThrow(new RangeError(`calls_total: ${grows}, not by -1`));
  expect(() => calls.inc(Number.POSITIVE_INFINITY)).toThrow(RangeError);
  expect(() => boots.inc({ status: 'ok' }, Number.NaN)).toThrow(new RangeError(`boots_total: ${grows}, not by NaN`));
  expect(() => depth.set(Number.NaN)).toThrow(new RangeError('depth: NaN is not a number'));
  expect(() => depth.inc(Number.NaN)).toThrow(new RangeError('depth: NaN is not a number'));
  expect(() => wait.observe(Number.NaN)).toThrow(new RangeError('wait_seconds: NaN is not a finite number'));
  expect(() => wait.observe(Number.NEGATIVE_INFINITY)).toThrow(RangeError);
  expect(await readLines(metrics)).toEqual(before);
});

test('a gauge may be infinite but never NaN', async () => {
  const metrics = createCatalogue();
  const depth = metrics.gauge({ name: 'depth', help });
  depth.set(Number.POSITIVE_INFINITY);
  expect(() => depth.inc(Number.NEGATIVE_INFINITY)).toThrow(new RangeError('depth: NaN is not a number'));
  expect(await readLines(metrics)).toEqual(['depth Infinity']);
});

test('a value of another type, from an untyped caller, is refused', () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help });
  const depth = metrics.gauge({ name: 'depth', help });
  const wait = metrics.histogram({ name: 'wait_seconds', help, buckets: [1], reasonForBuckets });
  const [text] = JSON.parse('["5"]');
  expect(() => calls.inc(text)).toThrow(RangeError);
  expect(() => depth.set(text)).toThrow(RangeError);
  expect(() => depth.inc(text)).toThrow(RangeError);
  expect(() => wait.observe(text)).toThrow(RangeError);
});

test('the samples of a histogram are a snapshot', async () => {
  const metrics = createCatalogue();
  const wait = metrics.histogram({ name: 'wait_seconds', help, buckets: [1], reasonForBuckets });
  wait.observe(0.5);
  const read = (await Promise.all(metrics.sources.map((source) => source()))).flatMap((families) => [...families]);
  wait.observe(0.5);
  const family = read.find(({ name }) => name === 'wait_seconds');
  const samples = family !== undefined && 'samples' in family ? [...family.samples] : [];
  expect(samples.map(({ value }) => value)).toEqual([1, 1, 0.5, 1]);
});
