import { expect, test } from 'vitest';
import { createCatalogue } from '../metrics/catalogue.ts';
import { readLines, scrape } from '../metrics/testing/read-samples.ts';
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

/** Definitions that only JavaScript can write: the types forbid them. */
const misuses: readonly (readonly [misuse: string, definition: object, problem: string])[] = [
  ['labels as a list', { labels: ['status'] }, 'labels is an object such as { status: anyValue }, not a list'],
  ['the option of prom-client', { labelNames: ['status'] }, 'labelNames is no option'],
  ['a number as the values of a label', { labels: { status: 200 } }, 'label status needs the list of its values'],
  ['numbers as the values of a label', { labels: { status: [200, 404] } }, 'label status needs the list of its values'],
  ['no values of a label', { labels: { status: undefined } }, 'label status needs the list of its values'],
  ['no help', { help: undefined }, 'help needs a sentence'],
];

test.for(misuses)('%s is refused with what is allowed', ([, definition, problem]) => {
  const metrics = createCatalogue();
  const given = { name: 'depth', help, ...definition };
  expect(() => Reflect.apply(metrics.gauge, metrics, [given])).toThrow(`metric depth cannot be defined: ${problem}`);
});

test('a histogram without buckets is refused', () => {
  const metrics = createCatalogue();
  const given = { name: 'wait_seconds', help, reasonForBuckets };
  expect(() => Reflect.apply(metrics.histogram, metrics, [given])).toThrow('buckets needs the upper edges');
});

test('a value that is read asynchronously is refused', async () => {
  const metrics = createCatalogue();
  const observe = (read: unknown) =>
    Reflect.apply(metrics.observed, metrics, [{ type: 'gauge', name: 'vms', help, read }]);
  expect(() => observe(async () => 3)).toThrow('read is a function that returns the value, not a promise');
  expect(() => observe(3)).toThrow('read is a function that returns the value');
  observe(() => Promise.resolve(3));
  const { page, errors } = await scrape(metrics);
  expect(page).not.toContain('vms');
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('read returned a promise') })]);
});
