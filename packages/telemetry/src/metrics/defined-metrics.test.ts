import { expect, test } from 'vitest';
import { anyValue } from '../definitions/definition.ts';
import { createCatalogue } from './catalogue.ts';
import { readLines } from './testing/read-samples.ts';

const help = 'Something that is counted.';
const reasonForBuckets = 'One is enough.';

/** `file:line` of the caller. */
function here(): string {
  return /[^\s()]+:\d+(?=:\d+\)?$)/.exec(new Error().stack?.split('\n')[2] ?? '')?.[0].replace('file://', '') ?? '';
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error('nothing was thrown');
}

test('repeating a definition returns the same instrument', async () => {
  const metrics = createCatalogue();
  const counter = { name: 'calls_total', help, labels: { zone: anyValue, status: ['ok', 'failed'] } } as const;
  const histogram = { name: 'wait_seconds', help, buckets: [1, 2], reasonForBuckets } as const;
  const calls = metrics.counter(counter);
  expect(metrics.counter(structuredClone(counter))).toBe(calls);
  const inAnotherOrder = { status: ['failed', 'ok'], zone: anyValue } as const;
  expect(metrics.counter({ ...counter, labels: inAnotherOrder })).toBe(calls);
  expect(metrics.histogram(structuredClone(histogram))).toBe(metrics.histogram(histogram));
  const read = () => 1;
  metrics.observed({ type: 'gauge', name: 'vms', help, read });
  metrics.observed({ type: 'gauge', name: 'vms', help, read });
  calls.inc({ zone: 'a', status: 'ok' });
  metrics.counter(counter).inc({ zone: 'a', status: 'ok' });
  expect(await readLines(metrics)).toContain('calls_total{zone="a",status="ok"} 2');
  expect(metrics.entries.slice(1).map(({ name }) => name)).toEqual(['calls_total', 'wait_seconds', 'vms']);
});

test('a different definition is an error with both places and the differences', () => {
  const metrics = createCatalogue();
  const [first] = [here(), metrics.counter({ name: 'calls_total', help, labels: { status: ['ok', 'failed'] } })];
  let second = '';
  const message = messageOf(() => {
    second = here();
    metrics.counter({ name: 'calls_total', help, labels: { code: anyValue } });
  });
  const [file, line] = second.split(/:(?=\d+$)/);
  expect(message).toBe(
    [
      'metric calls_total is defined twice with different definitions; define it once and pass it on',
      `  ${first}: labels status = failed ok`,
      `  ${file}:${Number(line) + 1}: labels code = any value`,
    ].join('\n'),
  );
});

test.for<[string, string, object]>([
  ['help', 'help "Another."', { help: 'Another.' }],
  ['buckets', 'buckets 1 2 3', { buckets: [1, 2, 3] }],
  ['the reason for its buckets', 'reasonForBuckets "None."', { reasonForBuckets: 'None.' }],
  ['labels', 'labels op = boot', { labels: { op: ['boot'] } }],
  ['its limit', 'maxSeries 5', { maxSeries: 5 }],
])('a definition that differs in %s is a different one', ([, said, change]) => {
  const metrics = createCatalogue();
  const definition = { name: 'wait_seconds', help, buckets: [1, 2], reasonForBuckets };
  metrics.histogram(definition);
  expect(messageOf(() => metrics.histogram({ ...definition, ...change })).split('\n')[2]).toMatch(said);
});

test('another type, read function or exemplars make a different definition', () => {
  const metrics = createCatalogue();
  metrics.counter({ name: 'calls_total', help });
  expect(() => metrics.gauge({ name: 'calls_total', help })).toThrow(/type counter\n.*type gauge/);
  expect(() => metrics.counter({ name: 'calls_total', help, exemplars: true })).toThrow(
    /exemplars false\n.*exemplars true/,
  );
  expect(() => metrics.observed({ type: 'counter', name: 'calls_total', help, read: () => 1 })).toThrow(
    /type counter, read undefined\n.*type observed counter/,
  );
  metrics.observed({ type: 'gauge', name: 'vms', help, read: () => 1 });
  expect(() => metrics.observed({ type: 'gauge', name: 'vms', help, read: () => 2 })).toThrow('defined twice');
});

test('if one line defines for several callers the error names the callers', () => {
  const metrics = createCatalogue();
  const define = (status: string) => metrics.counter({ name: 'calls_total', help, labels: { status: [status] } });
  const [first] = [here(), define('ok')];
  let second = '';
  const message = messageOf(() => {
    second = here();
    define('failed');
  });
  const [file, line] = second.split(/:(?=\d+$)/);
  expect(message).toContain(`  ${first}: labels status = ok\n  ${file}:${Number(line) + 1}: labels status = failed`);
});

test('an unknown place does not change the error', () => {
  const metrics = createCatalogue();
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    metrics.counter({ name: 'calls_total', help });
  } finally {
    Error.stackTraceLimit = limit;
  }
  expect(() => metrics.gauge({ name: 'calls_total', help })).toThrow('an unknown place: type counter');
});

test('two metrics with one name in OpenMetrics are refused with both places', () => {
  const metrics = createCatalogue();
  const [first] = [here(), metrics.gauge({ name: 'calls', help })];
  const message = messageOf(() => metrics.counter({ name: 'calls_total', help }));
  expect(message).toMatch(/^metric calls_total and metric calls would both be calls in OpenMetrics; rename one$/m);
  expect(message).toContain(`  ${first}: calls\n`);
  metrics.histogram({ name: 'wait_seconds', help, buckets: [1], reasonForBuckets });
  expect(() => metrics.gauge({ name: 'wait_seconds_count', help })).toThrow('would both be wait_seconds_count');
  metrics.gauge({ name: 'vms', help });
  metrics.gauge({ name: 'vms_total', help });
});
