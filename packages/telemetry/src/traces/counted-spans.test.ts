import { TraceFlags } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { watchCollectorRequests } from './collector-requests.ts';
import { countExports, countQueue } from './counted-spans.ts';
import { lostSpans, openSpanAccounts, settleSpanAccounts } from './span-accounts.ts';

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

test('spans beyond the room in the queue go no further and are counted', () => {
  const { accounts, passed, gate } = openGate(2);
  for (let span = 0; span < 5; span += 1) gate.onEnd(sampled);
  expect(passed).toHaveLength(2);
  expect(accounts).toMatchObject({ queued: 2, processed: { queue_full: 3 } });
});

test('a span that ends after the end is counted as lost', async () => {
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

test('what waits and what is under way when accounts are settled is lost, and a late result changes nothing', () => {
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

test('spans that cannot be written down are counted as lost', () => {
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
