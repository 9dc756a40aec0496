import { context, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import { readSamples } from './testing/read-samples.ts';

const help = 'Something that is counted.';
const reasonForBuckets = 'One is enough.';
const traceId = '0af7651916cd43dd8448eb211c80319c';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

/** Runs something in a span that is as it would come with a request. */
function inSpan(spanId: string, work: () => void, parts: Partial<SpanContext> = {}): void {
  const span = trace.wrapSpanContext({ traceId, spanId, traceFlags: TraceFlags.SAMPLED, ...parts });
  context.with(trace.setSpan(context.active(), span), work);
}

function createTimed() {
  const clock = { now: 1_700_000_000_000 };
  const metrics = createCatalogue({ now: () => clock.now });
  const wait = metrics.histogram({ name: 'wait_seconds', help, buckets: [1, 2], reasonForBuckets });
  const readExemplars = async () => (await readSamples(metrics)).map(({ exemplar }) => exemplar);
  return { clock, metrics, wait, readExemplars };
}

test('a bucket has the sampled span of its last observation', async () => {
  const { clock, wait, readExemplars } = createTimed();
  inSpan('b7ad6b7169203331', () => wait.observe(0.25));
  clock.now += 1_000;
  inSpan('b7ad6b7169203332', () => wait.observe(0.75));
  inSpan('b7ad6b7169203333', () => wait.observe(5));
  expect(await readExemplars()).toEqual([
    { labels: { trace_id: traceId, span_id: 'b7ad6b7169203332' }, value: 0.75, timestamp: 1_700_000_001 },
    undefined,
    { labels: { trace_id: traceId, span_id: 'b7ad6b7169203333' }, value: 5, timestamp: 1_700_000_001 },
    undefined,
    undefined,
  ]);
});

test('a bucket takes one exemplar per second even if the clock is set back', async () => {
  const { clock, wait, readExemplars } = createTimed();
  const valueOfFirst = async () => (await readExemplars())[0]?.value;
  const observe = (value: number) => inSpan('b7ad6b7169203331', () => wait.observe(value));
  observe(0.1);
  clock.now += 999;
  observe(0.2);
  expect(await valueOfFirst()).toBe(0.1);
  clock.now += 1;
  observe(0.3);
  expect(await valueOfFirst()).toBe(0.3);
  clock.now -= 3_600_000;
  observe(0.4);
  expect(await valueOfFirst()).toBe(0.4);
});

test('without a valid sampled span there is no exemplar', async () => {
  const { wait, readExemplars } = createTimed();
  wait.observe(0.5);
  inSpan('b7ad6b7169203331', () => wait.observe(0.5), { traceFlags: TraceFlags.NONE });
  inSpan('not a span', () => wait.observe(0.5));
  expect((await readExemplars()).filter((exemplar) => exemplar !== undefined)).toEqual([]);
});

test('the labels of an exemplar fit the 128 characters of OpenMetrics', async () => {
  const { wait, readExemplars } = createTimed();
  inSpan('b7ad6b7169203331', () => wait.observe(0.5));
  const labels = (await readExemplars())[0]?.labels ?? {};
  expect(Object.entries(labels).flat().join('')).toHaveLength(63);
});

test('labelled and bound observations also take exemplars', async () => {
  const { metrics } = createTimed();
  const steps = metrics.histogram({
    name: 'step_seconds',
    help,
    labels: { step: ['a', 'b'] },
    buckets: [],
    reasonForBuckets,
  });
  inSpan('b7ad6b7169203331', () => steps.observe({ step: 'a' }, 1));
  inSpan('b7ad6b7169203332', () => steps.labels({ step: 'b' }).observe(2));
  const buckets = (await readSamples(metrics)).filter(({ name }) => name === 'step_seconds_bucket');
  expect(buckets.map(({ labels, exemplar }) => [labels['step'], exemplar?.labels['span_id']])).toEqual([
    ['a', 'b7ad6b7169203331'],
    ['b', 'b7ad6b7169203332'],
  ]);
});

test('a counter takes exemplars only if its definition says so', async () => {
  const { metrics } = createTimed();
  const errors = metrics.counter({ name: 'errors_total', help, exemplars: true });
  const calls = metrics.counter({ name: 'calls_total', help });
  inSpan('b7ad6b7169203331', () => {
    errors.inc(3);
    calls.inc();
  });
  const samples = await readSamples(metrics);
  expect(samples.find(({ name }) => name === 'errors_total')?.exemplar).toEqual({
    labels: { trace_id: traceId, span_id: 'b7ad6b7169203331' },
    value: 3,
    timestamp: 1_700_000_000,
  });
  expect(samples.find(({ name }) => name === 'calls_total')).toEqual({ name: 'calls_total', labels: {}, value: 1 });
});
