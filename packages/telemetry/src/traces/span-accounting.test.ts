import { ROOT_CONTEXT, TraceFlags } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createCatalogue } from '../metrics/catalogue.ts';
import { readLines } from '../metrics/testing/read-samples.ts';
import { type CollectorRequests, watchCollectorRequests } from './collector.ts';
import {
  countExports,
  countQueue,
  defineSpanMetrics,
  lostSpans,
  openSpanAccounts,
  settleSpanAccounts,
} from './span-accounting.ts';

const spanWith = (traceFlags: number) => ({
  spanContext: () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags }),
});
const sampled = spanWith(TraceFlags.SAMPLED);

/** A processor that keeps what comes through the gate. */
function openGate(capacity: number) {
  const accounts = openSpanAccounts(capacity);
  const passed: unknown[] = [];
  const done = () => Promise.resolve();
  const processor = { onStart: () => undefined, onEnd: (span: unknown) => void passed.push(span) };
  return { accounts, passed, gate: countQueue({ ...processor, forceFlush: done, shutdown: done }, accounts) };
}

test('spans that find the queue full are dropped and counted', () => {
  const { accounts, passed, gate } = openGate(2);
  for (let span = 0; span < 5; span += 1) gate.onEnd(sampled);
  expect(passed).toHaveLength(2);
  expect(accounts).toMatchObject({ queued: 2, processed: { queue_full: 3 } });
});

test('a span that ends after shutdown is counted as lost', async () => {
  const { accounts, passed, gate } = openGate(2);
  await gate.shutdown();
  gate.onEnd(sampled);
  expect(passed).toEqual([]);
  expect(accounts).toMatchObject({ queued: 0, processed: { already_shutdown: 1 } });
});

test("a span that is recorded and not sampled is nobody's loss", () => {
  const { accounts, passed, gate } = openGate(2);
  gate.onEnd(spanWith(TraceFlags.NONE));
  expect(passed).toEqual([]);
  expect(lostSpans(accounts)).toBe(0);
});

test('settling counts queued and in-flight spans as lost, whatever comes later', () => {
  const accounts = openSpanAccounts(10);
  accounts.queued = 7;
  const watch = watchCollectorRequests(() => undefined);
  const results: ((result: { code: number }) => void)[] = [];
  const exporter = {
    export: (_spans: object[], done: (result: { code: number }) => void) => void results.push(done),
    shutdown: () => Promise.resolve(),
  };
  const report = { took: () => undefined, failed: () => undefined, rejected: () => undefined };
  const counted = countExports(exporter, { accounts, watch, report });
  counted.export([sampled, sampled, sampled], () => undefined);
  expect(accounts).toMatchObject({ queued: 4, inFlight: 3 });

  settleSpanAccounts(accounts);
  const settled = {
    queued: 0,
    inFlight: 0,
    processed: { shutdown_timeout: 4 },
    exported: { '': 0, shutdown_timeout: 3 },
  };
  expect(accounts).toMatchObject(settled);
  for (const done of results) done({ code: 0 });
  counted.export([sampled], () => undefined);
  expect(accounts).toMatchObject(settled);
  expect(lostSpans(accounts)).toBe(7);
  watch.close();
});

test('spans that cannot be serialized are counted as lost', () => {
  const accounts = openSpanAccounts(10);
  accounts.queued = 2;
  const watch = watchCollectorRequests(() => undefined);
  const reasons: string[] = [];
  const exporter = {
    export() {
      throw new Error('a BigInt has no JSON');
    },
    shutdown: () => Promise.resolve(),
  };
  const report = {
    took: () => undefined,
    failed: (_spans: number, reason: string) => void reasons.push(reason),
    rejected: () => undefined,
  };
  const counted = countExports(exporter, { accounts, watch, report });
  expect(() => counted.export([sampled, sampled], () => undefined)).toThrow('a BigInt has no JSON');
  expect(accounts).toMatchObject({ queued: 0, inFlight: 0, exported: { _OTHER: 2 } });
  expect(reasons).toEqual(['a BigInt has no JSON']);
  watch.close();
});

const noRequest: CollectorRequests = {
  count: 0,
  status: undefined,
  timedOut: false,
  rejectedSpans: 0,
  rejectedBecause: '',
};

/** Exports so many spans of which this becomes, and says what was counted and reported. */
function exportWith(spans: number, requests: Partial<CollectorRequests>, result: { code: number; error?: Error }) {
  const accounts = openSpanAccounts(10);
  accounts.queued = spans;
  const reported: unknown[][] = [];
  const done: unknown[] = [];
  const watch = {
    follow: (start: (record: CollectorRequests) => void) => start({ ...noRequest, count: 1, ...requests }),
    abandon: () => undefined,
    close: () => undefined,
  };
  const exporter = {
    export: (_spans: object[], onDone: (outcome: typeof result) => void) => onDone(result),
    shutdown: () => Promise.resolve(),
  };
  const report = {
    took: () => void reported.push(['took']),
    failed: (...words: unknown[]) => void reported.push(['failed', ...words]),
    rejected: (...words: unknown[]) => void reported.push(['rejected', ...words]),
  };
  countExports(exporter, { accounts, watch, report }).export(Array(spans).fill(sampled), (outcome) =>
    done.push(outcome),
  );
  const exported = Object.fromEntries(Object.entries(accounts.exported).filter(([, count]) => count !== 0));
  return { accounts, exported, reported, done };
}

test('accepted spans are counted as exported and reported', () => {
  const { accounts, exported, reported, done } = exportWith(3, { status: 200 }, { code: 0 });
  expect(accounts).toMatchObject({ queued: 0, inFlight: 0, processed: { '': 3 } });
  expect(exported).toEqual({ '': 3 });
  expect(reported).toEqual([['took']]);
  expect(done).toEqual([{ code: 0 }]);
});

test('rejected spans of an export are lost and the others are exported', () => {
  const some = exportWith(3, { status: 200, rejectedSpans: 1, rejectedBecause: 'too old' }, { code: 0 });
  expect(some.exported).toEqual({ '': 2, rejected: 1 });
  expect(some.reported).toEqual([['took'], ['rejected', 1, 'too old']]);
  const more = exportWith(3, { status: 200, rejectedSpans: 9, rejectedBecause: 'all' }, { code: 0 });
  expect(more.exported).toEqual({ rejected: 3 });
});

test.for([
  ['_OTHER', { count: 0 }, 'failed'],
  ['timeout', { timedOut: true }, 'no answer in time'],
  ['timeout', { timedOut: true, status: 503 }, 'no answer in time'],
  ['unreachable', {}, 'failed'],
  ['unavailable', { status: 429 }, 'HTTP status 429'],
  ['unavailable', { status: 502 }, 'HTTP status 502'],
  ['unavailable', { status: 503 }, 'HTTP status 503'],
  ['unavailable', { status: 504 }, 'HTTP status 504'],
  ['refused', { status: 400 }, 'HTTP status 400'],
  ['refused', { status: 500 }, 'HTTP status 500'],
] as const)('a failed export is lost as %s after %j', ([loss, requests, reason]) => {
  const { accounts, exported, reported } = exportWith(2, requests, { code: 1, error: new Error('failed') });
  expect(accounts).toMatchObject({ queued: 0, inFlight: 0, processed: { '': 2 } });
  expect(exported).toEqual({ [loss]: 2 });
  expect(reported).toEqual([['failed', 2, reason]]);
});

test.for([
  [Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' }), 'connect failed'],
  [Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [new Error(''), 'no answer'],
  [undefined, 'no answer'],
] as const)('a request without a response is reported with its cause: %s', ([error, reason]) => {
  const { reported } = exportWith(1, {}, { code: 1, ...(error === undefined ? {} : { error }) });
  expect(reported).toEqual([['failed', 1, reason]]);
});

test('start, flush and shutdown are passed through', async () => {
  const calls: string[] = [];
  const call = (name: string) => async () => void calls.push(name);
  const processor = { onStart: () => void calls.push('start'), onEnd: () => undefined };
  const accounts = openSpanAccounts(1);
  const gate = countQueue({ ...processor, forceFlush: call('flush'), shutdown: call('shutdown') }, accounts);
  gate.onStart(sampled, ROOT_CONTEXT);
  await gate.forceFlush();
  await gate.shutdown();
  const watch = { follow: () => undefined, abandon: () => undefined, close: () => undefined };
  const report = { took: () => undefined, failed: () => undefined, rejected: () => undefined };
  await countExports({ export: () => undefined, shutdown: call('end') }, { accounts, watch, report }).shutdown();
  expect(calls).toEqual(['start', 'flush', 'shutdown', 'end']);
});

test('the metrics are the accounts at the time of the scrape', async () => {
  const accounts = openSpanAccounts(2_048);
  const metrics = createCatalogue();
  defineSpanMetrics(metrics, accounts);
  Object.assign(accounts, { queued: 1, inFlight: 2, retries: 3 });
  Object.assign(accounts.processed, { '': 10, queue_full: 11, already_shutdown: 12, shutdown_timeout: 13 });
  const lost = { rejected: 21, refused: 22, unavailable: 23, unreachable: 24, timeout: 25, shutdown_timeout: 26 };
  Object.assign(accounts.exported, { '': 20, ...lost, _OTHER: 27 });
  const lines = (await readLines(metrics)).filter((line) => line.startsWith('ot'));
  expect(lines.sort()).toEqual(
    [
      'otel_sdk_processor_span_queue_size 1',
      'otel_sdk_processor_span_queue_capacity 2048',
      'otel_sdk_processor_span_processed_total{error_type=""} 10',
      'otel_sdk_processor_span_processed_total{error_type="queue_full"} 11',
      'otel_sdk_processor_span_processed_total{error_type="already_shutdown"} 12',
      'otel_sdk_processor_span_processed_total{error_type="shutdown_timeout"} 13',
      'otel_sdk_exporter_span_inflight 2',
      'otel_sdk_exporter_span_exported_total{error_type=""} 20',
      ...Object.entries(lost).map(
        ([reason, spans]) => `otel_sdk_exporter_span_exported_total{error_type="${reason}"} ${spans}`,
      ),
      'otel_sdk_exporter_span_exported_total{error_type="_OTHER"} 27',
      'otlp_exporter_retries_total 3',
    ].sort(),
  );
});

test('all metrics and loss reasons exist from the start', () => {
  const metrics = createCatalogue();
  defineSpanMetrics(metrics, openSpanAccounts(0));
  const own = metrics.entries.filter(({ name }) => name.startsWith('ot'));
  expect(own.map(({ name, type }) => [name, type])).toEqual([
    ['otel_sdk_processor_span_queue_size', 'gauge'],
    ['otel_sdk_processor_span_queue_capacity', 'gauge'],
    ['otel_sdk_processor_span_processed_total', 'counter'],
    ['otel_sdk_exporter_span_inflight', 'gauge'],
    ['otel_sdk_exporter_span_exported_total', 'counter'],
    ['otlp_exporter_retries_total', 'counter'],
  ]);
});
