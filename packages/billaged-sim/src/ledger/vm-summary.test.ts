import { expect, test } from 'vitest';
import { mapCounters } from './counters.ts';
import type { UsageSpan } from './usage.ts';
import { continueSummary, replaceInSummary, type VmSummary, vmUsageOf } from './vm-summary.ts';

/** A span of one sample at a second since 1970, with all counters at a value. */
function spanAt(second: number, value: number, memory = 10): UsageSpan {
  const counters = mapCounters(() => BigInt(value));
  const nanos = BigInt(second) * 1_000_000_000n;
  return {
    customerId: 'acme',
    firstNanos: nanos,
    lastNanos: nanos,
    sampleCount: 1,
    gaps: 0,
    growth: mapCounters(() => 0n),
    firstCounters: counters,
    lastCounters: counters,
    lastMemoryBytes: BigInt(memory),
    memorySumBytes: BigInt(memory),
    memoryMaxBytes: BigInt(memory),
    memoryByteMillis: 0n,
  };
}

/** The summary of spans, of which there must be one. */
function summaryOf(...spans: UsageSpan[]): VmSummary {
  const summary = continueSummary(undefined, spans);
  if (summary === undefined) throw new Error('a summary needs a span');
  return summary;
}

test('a summary is continued from its last sample', () => {
  const all = [spanAt(1, 10), spanAt(2, 30, 50), spanAt(4, 5)];
  expect(continueSummary(summaryOf(...all.slice(0, 2)), all.slice(2))).toEqual(summaryOf(...all));
  expect(summaryOf(...all)).toMatchObject({
    usage: { sampleCount: 3, growth: { cpuNanos: 10n + 20n + 5n }, memorySumBytes: 70n, memoryMaxBytes: 50n },
    firstNanos: 1_000_000_000n,
    last: { lastNanos: 4_000_000_000n },
  });
  expect(continueSummary(undefined, [])).toBeUndefined();
});

test.each([
  { what: 'between two spans', late: spanAt(3, 25, 99) },
  { what: 'before all spans', late: spanAt(0, 4) },
  { what: 'after all spans', late: spanAt(9, 60) },
])('a late span $what changes a summary as if it had come in order', ({ late }) => {
  const stored = [spanAt(1, 10), spanAt(2, 20), spanAt(5, 30), spanAt(6, 40)];
  const before = stored.findLast((span) => span.firstNanos < late.firstNanos);
  const after = stored.filter((span) => span.firstNanos > late.firstNanos).slice(0, 1);
  const all = [...stored, late].sort((a, b) => (a.firstNanos < b.firstNanos ? -1 : 1));
  expect(replaceInSummary(summaryOf(...stored), before, after, [late, ...after])).toEqual(summaryOf(...all));
});

test('a span that replaces another one leaves the rest of a summary', () => {
  const [first, old, now, last] = [spanAt(1, 10), spanAt(2, 20), spanAt(3, 25), spanAt(5, 30)];
  const replaced = replaceInSummary(summaryOf(first, old, last), first, [old, last], [now, last]);
  expect(replaced).toEqual(summaryOf(first, now, last));
});

test('the first span makes the summary, and no span leaves it', () => {
  const summary = summaryOf(spanAt(1, 10));
  expect(replaceInSummary(undefined, undefined, [], [spanAt(1, 10)])).toEqual(summary);
  expect(replaceInSummary(summary, undefined, [], [])).toBe(summary);
});

test('usage starts with the start notice or the first sample, whichever is earlier', () => {
  const vm = { vmId: 'ud-1', customerId: 'acme', summary: summaryOf(spanAt(5, 1), spanAt(9, 2)) };
  expect(vmUsageOf({ ...vm, startNanos: undefined })).toMatchObject({ startNanos: 5_000_000_000n });
  expect(vmUsageOf({ ...vm, startNanos: 4n })).toMatchObject({ startNanos: 4n, endNanos: 9_000_000_000n });
  expect(vmUsageOf({ ...vm, startNanos: 6_000_000_000n })).toMatchObject({ startNanos: 5_000_000_000n });
  expect(vmUsageOf({ ...vm, startNanos: 7n, summary: undefined })).toMatchObject({ startNanos: 7n, endNanos: 7n });
  expect(vmUsageOf({ ...vm, startNanos: undefined, summary: undefined })).toMatchObject({
    startNanos: 0n,
    endNanos: 0n,
  });
});
