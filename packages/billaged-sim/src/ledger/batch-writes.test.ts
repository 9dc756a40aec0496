import { expect, test } from 'vitest';
import {
  type KnownVm,
  lateBatch,
  type OrderedBatch,
  orderBatch,
  ownerAfter,
  writeLate,
  writeNewer,
} from './batch-writes.ts';
import { zeroCounters } from './counters.ts';
import type { CoveredSegment } from './coverage.ts';
import type { StoredSegment } from './segment.ts';
import { columnsOf } from './testing/usage-samples.ts';
import { beforeAll } from './time.ts';

/** A batch with samples at these seconds since 1970. */
function batchAt(...seconds: number[]): OrderedBatch {
  const samples = seconds.map((at) => ({
    timeNanos: BigInt(at) * 1_000_000_000n,
    memoryBytes: 1n,
    counters: { ...zeroCounters, cpuNanos: BigInt(at) },
  }));
  return orderBatch({ vmId: 'ud-1', customerId: 'acme', samples: columnsOf(samples) });
}

/** A VM of globex with a newest sample at a second of the first hour. */
function vmUpTo(second: number | undefined): KnownVm {
  const newest = second === undefined ? beforeAll : { hour: 0, nanos: second * 1e9 };
  return { customerId: 'globex', isTracked: false, stopNanos: undefined, newest };
}

/** A stored segment as the driver reads it again. */
function coveredBy({ customerId, segment, samples }: StoredSegment): CoveredSegment {
  const { hour, first, last, sampleCount: count } = segment;
  return { hour, first, last, count, customerId, samples: samples ?? undefined };
}

const timesOf = ({ inserted }: { inserted: readonly StoredSegment[] }) =>
  inserted.map(({ segment }) => [
    segment.hour * 3_600 + segment.first / 1e9,
    segment.hour * 3_600 + segment.last / 1e9,
  ]);

test('a batch is put in order, and the second sample of a time is left out', () => {
  const { oldest, newest, duplicates, samples } = batchAt(3_601, 5, 5);
  expect({ oldest, newest, duplicates }).toEqual({
    oldest: { hour: 0, nanos: 5e9 },
    newest: { hour: 1, nanos: 1e9 },
    duplicates: 1,
  });
  expect(samples).toHaveLength(2);
});

test('a newer batch makes its customer the owner, a late one does not', () => {
  expect(ownerAfter(vmUpTo(undefined), batchAt(1)).customerId).toBe('acme');
  expect(ownerAfter(vmUpTo(10), batchAt(9, 11)).customerId).toBe('acme');
  expect(ownerAfter(vmUpTo(10), batchAt(9, 10)).customerId).toBe('globex');
});

test('a stopped VM is tracked again by a sample from after the stop', () => {
  const stopped = { ...vmUpTo(10), stopNanos: 20_000_000_000n };
  expect(ownerAfter(stopped, batchAt(11, 20)).isTracked).toBe(false);
  expect(ownerAfter(stopped, batchAt(11, 21)).isTracked).toBe(true);
  expect(ownerAfter({ ...stopped, isTracked: true }, batchAt(1)).isTracked).toBe(true);
});

test('a batch is late unless it begins after all samples, in an unsealed hour', () => {
  expect(lateBatch(batchAt(11), vmUpTo(10), 0)).toBeUndefined();
  expect(lateBatch(batchAt(10), vmUpTo(10), 0)).toMatchObject({ sealed: 0 });
  expect(lateBatch(batchAt(11, 12, 3_600), vmUpTo(10), 1)).toMatchObject({ sealed: 2, open: { length: 1 } });
});

test('a newer batch is stored as its segments, one for each hour', () => {
  const writes = writeNewer(batchAt(1, 2, 3_600));
  expect(writes).toMatchObject({ appended: { accepted: 3, duplicates: 0, sealed: 0 }, removed: [] });
  expect(writes.newest).toEqual({ hour: 1, nanos: 0 });
  expect(timesOf(writes)).toEqual([
    [1, 2],
    [3_600, 3_600],
  ]);
});

test('a late batch replaces the segment around it and keeps the newest sample', () => {
  const known = writeNewer(batchAt(1, 3, 5)).inserted.map(coveredBy);
  const late = lateBatch(batchAt(2, 3), vmUpTo(5), 0);
  if (late === undefined) throw new Error('the batch must be late');
  const writes = writeLate(late, vmUpTo(5), known);
  expect(writes.appended).toEqual({ accepted: 1, duplicates: 1, sealed: 0 });
  expect(writes.removed).toEqual(known);
  expect(writes.newest).toEqual({ hour: 0, nanos: 5e9 });
  expect(writes.inserted.map(({ customerId, segment }) => [customerId, segment.sampleCount])).toEqual([['acme', 4]]);
});

test('a late batch that continues after all that is there moves the newest sample', () => {
  const known = writeNewer(batchAt(1, 3)).inserted.map(coveredBy);
  const late = lateBatch(batchAt(3, 7), vmUpTo(3), 0);
  if (late === undefined) throw new Error('the batch must be late');
  const writes = writeLate(late, vmUpTo(3), known);
  expect(writes).toMatchObject({ appended: { accepted: 1, duplicates: 1 }, removed: [], newest: { nanos: 7e9 } });
  expect(timesOf(writes)).toEqual([[7, 7]]);
});

test('a batch of sealed hours changes nothing', () => {
  const late = lateBatch(batchAt(11, 12), vmUpTo(10), 1);
  if (late === undefined) throw new Error('the batch must be late');
  const writes = writeLate(late, vmUpTo(10), []);
  expect(writes).toMatchObject({ appended: { accepted: 0, duplicates: 0, sealed: 2 }, inserted: [], removed: [] });
  expect(writes.newest).toEqual(vmUpTo(10).newest);
});
