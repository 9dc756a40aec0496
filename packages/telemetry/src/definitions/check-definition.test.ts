import { expect, test } from 'vitest';
import { createCatalogue } from '../metrics/catalogue.ts';
import { readLines } from '../metrics/testing/read-samples.ts';
import { MetricDefinitionError } from './check-definition.ts';
import { anyValue } from './definition.ts';

const help = 'Something that is counted.';
const reasonForBuckets = 'One is enough.';

test('a definition that Prometheus would refuse is refused and not listed', async () => {
  const metrics = createCatalogue();
  const before = metrics.entries;
  const read = () => 1;
  const buckets = [1, 1];
  expect(() => metrics.counter({ name: 'calls', help })).toThrow(MetricDefinitionError);
  expect(() => metrics.counter({ name: 'calls', help })).toThrow('the name of a counter ends in _total');
  expect(() => metrics.observed({ type: 'counter', name: 'calls', help, read })).toThrow('ends in _total');
  expect(() => metrics.gauge({ name: '2nd-depth', help })).toThrow('metric 2nd-depth cannot be defined');
  expect(() => metrics.gauge({ name: 'depth', help: ' ' })).toThrow('help needs a sentence');
  expect(() => metrics.gauge({ name: 'a', help, labels: { 'vm-id': anyValue } })).toThrow('label vm-id is not');
  expect(() => metrics.gauge({ name: 'b', help, labels: { __name__: ['x'] } })).toThrow('label __name__ is not');
  expect(() => metrics.gauge({ name: 'c', help, labels: { op: ['x', 'x'] } })).toThrow('lists a value twice');
  expect(() => metrics.histogram({ name: 'd', help, buckets, reasonForBuckets })).toThrow('bucket edges must rise');
  const infinite = [1, Number.POSITIVE_INFINITY];
  expect(() => metrics.histogram({ name: 'e', help, buckets: infinite, reasonForBuckets })).toThrow(
    'edges must be finite',
  );
  const le = { le: ['1'] };
  expect(() => metrics.histogram({ name: 'f', help, labels: le, buckets: [1], reasonForBuckets })).toThrow(
    'label le is reserved',
  );
  expect(metrics.entries).toEqual(before);
  expect(await readLines(metrics)).toEqual([]);
});

test('a limit is an integer and not below the number of known label sets', () => {
  const metrics = createCatalogue();
  const labels = { zone: ['a', 'b'], op: ['read', 'write'] } as const;
  expect(() => metrics.gauge({ name: 'usage', help, maxSeries: 0 })).toThrow('maxSeries is an integer from 1, not 0');
  expect(() => metrics.gauge({ name: 'usage', help, maxSeries: 1.5 })).toThrow('not 1.5');
  expect(() => metrics.gauge({ name: 'usage', help, labels, maxSeries: 3 })).toThrow(
    'its listed label values make 4 series and maxSeries is 3; raise it or list fewer values',
  );
  metrics.gauge({ name: 'usage', help, labels, maxSeries: 4 });
});
