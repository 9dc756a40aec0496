import { expect, test } from 'vitest';
import { anyValue } from '../definitions/definition.ts';
import { createCatalogue } from './catalogue.ts';
import { readLines, readOverflow } from './testing/read-samples.ts';

const help = 'Something that is counted.';

test('label sets that would have the same key in prom-client are two series', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help, labels: { a: anyValue, b: anyValue } });
  calls.inc({ a: '1,b:2', b: '' });
  calls.inc({ a: '1', b: '2,b:' });
  calls.inc({ a: 'x|y', b: 'z' });
  calls.inc({ a: 'x', b: 'y|z' });
  expect(await readLines(metrics)).toEqual([
    'calls_total{a="1,b:2",b=""} 1',
    'calls_total{a="1",b="2,b:"} 1',
    'calls_total{a="x|y",b="z"} 1',
    'calls_total{a="x",b="y|z"} 1',
  ]);
});

test('labels named like properties of every object work', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help, labels: { constructor: anyValue, toString: ['x'] } });
  calls.inc({ constructor: 'hasOwnProperty', toString: 'x' });
  expect(await readLines(metrics)).toEqual(['calls_total{constructor="hasOwnProperty",toString="x"} 1']);
});

test('recordings beyond the limit go to the overflow series and are counted', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help, labels: { path: anyValue }, maxSeries: 2 });
  for (const path of ['/a', '/b', '/c', '/d', '/a', '/d']) calls.inc({ path });
  expect(await readLines(metrics)).toEqual([
    'calls_total{path="/a"} 2',
    'calls_total{path="/b"} 1',
    'calls_total{path="overflow"} 3',
  ]);
  expect(await readOverflow(metrics)).toEqual({ calls_total: 3 });
});

test('overflow series keep listed label values so that a sum by them stays correct', async () => {
  const metrics = createCatalogue();
  const labels = { path: anyValue, status: ['ok', 'failed'] } as const;
  const calls = metrics.counter({ name: 'calls_total', help, labels, maxSeries: 1 });
  calls.inc({ path: '/a', status: 'ok' });
  calls.inc({ path: '/b', status: 'ok' }, 2);
  calls.inc({ path: '/c', status: 'failed' }, 3);
  calls.inc({ path: '/d', status: 'failed' }, 4);
  expect(await readLines(metrics)).toEqual([
    'calls_total{path="/a",status="ok"} 1',
    'calls_total{path="overflow",status="ok"} 2',
    'calls_total{path="overflow",status="failed"} 7',
  ]);
});

test('histograms and gauges also overflow', async () => {
  const metrics = createCatalogue();
  const limited = { help, labels: { path: anyValue }, maxSeries: 1 } as const;
  const wait = metrics.histogram({ ...limited, name: 'wait_seconds', buckets: [1], reasonForBuckets: 'One.' });
  const depth = metrics.gauge({ ...limited, name: 'depth' });
  for (const path of ['/a', '/b', '/c']) {
    wait.observe({ path }, 2);
    depth.set({ path }, path.charCodeAt(1));
  }
  expect(await readLines(metrics)).toEqual([
    'wait_seconds_bucket{le="1",path="/a"} 0',
    'wait_seconds_bucket{le="+Inf",path="/a"} 1',
    'wait_seconds_sum{path="/a"} 2',
    'wait_seconds_count{path="/a"} 1',
    'wait_seconds_bucket{le="1",path="overflow"} 0',
    'wait_seconds_bucket{le="+Inf",path="overflow"} 2',
    'wait_seconds_sum{path="overflow"} 4',
    'wait_seconds_count{path="overflow"} 2',
    'depth{path="/a"} 97',
    'depth{path="overflow"} 99',
  ]);
  expect(await readOverflow(metrics)).toEqual({ wait_seconds: 2, depth: 2 });
});

test('a series bound without room records to overflow until there is room', async () => {
  const metrics = createCatalogue();
  const depth = metrics.gauge({ name: 'depth', help, labels: { queue: anyValue }, maxSeries: 1 });
  depth.set({ queue: 'a' }, 1);
  const bound = depth.labels({ queue: 'b' });
  expect(await readOverflow(metrics)).toEqual({ depth: 0 });
  bound.set(2);
  expect(await readLines(metrics)).toEqual(['depth{queue="a"} 1', 'depth{queue="overflow"} 2']);
  expect(await readOverflow(metrics)).toEqual({ depth: 1 });
  depth.remove({ queue: 'a' });
  bound.set(3);
  expect(await readLines(metrics)).toEqual(['depth{queue="overflow"} 2', 'depth{queue="b"} 3']);
  expect(await readOverflow(metrics)).toEqual({ depth: 1 });
});

test('removed series make room however many there were', async () => {
  const metrics = createCatalogue();
  const usage = metrics.gauge({ name: 'usage', help, labels: { vm_id: anyValue, op: ['read'] }, maxSeries: 2 });
  for (let vm = 0; vm < 1_000; vm += 1) {
    usage.set({ vm_id: `vm-${vm}`, op: 'read' }, vm);
    if (vm > 0) usage.remove({ vm_id: `vm-${vm - 1}`, op: 'read' });
  }
  expect(await readLines(metrics)).toEqual(['usage{vm_id="vm-999",op="read"} 999']);
  expect(await readOverflow(metrics)).toEqual({ usage: 0 });
});

test('the limit is 2000 series unless the definition says otherwise', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help, labels: { path: anyValue } });
  for (let path = 0; path < 2_001; path += 1) calls.inc({ path: String(path) });
  const lines = await readLines(metrics);
  expect(lines).toHaveLength(2_001);
  expect(lines.at(-1)).toBe('calls_total{path="overflow"} 1');
});

test('a label value of another type, from an untyped caller, becomes a string', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help, labels: { status: anyValue } });
  const labels = JSON.parse('{ "status": 200 }');
  calls.inc(labels);
  calls.labels(labels).inc();
  calls.inc({ status: '200' });
  expect(await readLines(metrics)).toEqual(['calls_total{status="200"} 3']);
});

test('a missing or unknown label is refused by name', async () => {
  const metrics = createCatalogue();
  const calls = metrics.counter({ name: 'calls_total', help, labels: { method: anyValue, status: ['ok'] } });
  const missing = JSON.parse('{ "method": "GET" }');
  const strange = JSON.parse('{ "method": "GET", "status": "ok", "path": "/" }');
  calls.inc({ method: 'GET', status: 'ok' });
  const theLabel = 'calls_total: the label status is missing; its labels are method, status';
  expect(() => calls.inc(missing)).toThrow(new TypeError(theLabel));
  expect(() => calls.labels(missing)).toThrow(new TypeError(theLabel));
  expect(() => calls.inc(strange)).toThrow('calls_total: it has no label path; its labels are method, status');
  expect(await readLines(metrics)).toEqual(['calls_total{method="GET",status="ok"} 1']);
});
