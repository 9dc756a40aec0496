import { fromBinary } from '@bufbuild/protobuf';
import { SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import { expect, test } from 'vitest';
import { createBatcher } from './batcher.ts';
import type { Batch } from './messages.ts';

const web = { id: 'ud-web', customerId: 'acme', slot: 0 };
const db = { id: 'ud-db', customerId: 'globex', slot: 1 };
const amounts = Float64Array.of(1, 2, 3, 4, 5, 6);

/** A batcher for batches of this many samples, and those that were full. */
function createTestBatcher(batchSize: number) {
  const full: Batch[] = [];
  const batcher = createBatcher({ batchSize, outbox: { add: (batch) => void full.push(batch) } });
  /** What a flush passes on. */
  const flushed = (flush: () => void) => {
    const before = full.length;
    flush();
    return full.splice(before);
  };
  return {
    full,
    add: (owner: typeof web, second: number) => batcher.add(owner, 1_000 * second, amounts),
    take: (owner: typeof web) => flushed(() => batcher.flush(owner)).at(0),
    takeAll: () => flushed(batcher.flushAll),
  };
}

const secondsOf = ({ bytes }: Batch) =>
  fromBinary(SendMetricsBatchRequestSchema, bytes).metrics.map(({ timestamp }) => Number(timestamp?.seconds));

test('the sample that fills a batch sends it on, in order, and begins the next one', () => {
  const { add, take, full } = createTestBatcher(3);
  for (const second of [1, 2, 3, 4, 5, 6, 7]) {
    add(web, second);
    expect(full).toHaveLength(Math.floor(second / 3));
  }
  expect(full.map(secondsOf)).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const rest = take(web);
  expect(rest && secondsOf(rest)).toEqual([7]);
});

test('a batch names its VM and customer, the number of its samples, and their times', () => {
  const { add, full } = createTestBatcher(2);
  add(web, 1);
  add(web, 3);
  expect(full).toEqual([
    {
      vmId: 'ud-web',
      customerId: 'acme',
      sampleCount: 2,
      firstTimestamp: 1_000_000_000n,
      lastTimestamp: 3_000_000_000n,
      bytes: expect.any(Uint8Array),
    },
  ]);
  const [batch] = full;
  expect(batch && fromBinary(SendMetricsBatchRequestSchema, batch.bytes)).toMatchObject({
    vmId: 'ud-web',
    customerId: 'acme',
    metrics: [
      {
        timestamp: { seconds: 1n, nanos: 0 },
        cpuTimeNanos: 1n,
        memoryUsageBytes: 2n,
        diskReadBytes: 3n,
        diskWriteBytes: 4n,
        networkRxBytes: 5n,
        networkTxBytes: 6n,
      },
      { timestamp: { seconds: 3n } },
    ],
  });
});

test('each VM has a batch of its own, and flushing one leaves the others', () => {
  const { add, take, takeAll, full } = createTestBatcher(10);
  add(web, 1);
  add(db, 2);
  add(web, 3);
  expect(take(web)).toMatchObject({ vmId: 'ud-web', sampleCount: 2 });
  expect(take(web)).toBeUndefined();
  expect(takeAll()).toMatchObject([{ vmId: 'ud-db', sampleCount: 1 }]);
  expect(takeAll()).toEqual([]);
  expect(full).toEqual([]);
});

test('what a VM has left in a slot is passed on when another VM gets the slot', () => {
  const { add, take, full } = createTestBatcher(10);
  const next = { ...db, slot: web.slot };
  add(web, 1);
  expect(take(next)).toBeUndefined();
  add(next, 2);
  expect(full).toMatchObject([{ vmId: 'ud-web', sampleCount: 1 }]);
  expect(take(web)).toBeUndefined();
  expect(take(next)).toMatchObject({ vmId: 'ud-db', sampleCount: 1 });
});

test('the first batches of a fleet differ in size, to spread later ones over time', () => {
  const batchSize = 60;
  const { add, full } = createTestBatcher(batchSize);
  const fleet = Array.from({ length: 1_100 }, (_, slot) => ({ id: `ud-${slot}`, customerId: 'acme', slot }));
  const fullAt: number[] = [];
  for (let second = 1; second <= 2 * batchSize; second += 1) {
    for (const vm of fleet) add(vm, second);
    fullAt.push(full.length);
  }
  const each = fullAt.map((count, index) => count - (fullAt[index - 1] ?? 0));
  // 25 may begin together; the others are spread over all sixty seconds.
  expect(Math.max(...each)).toBeLessThan(25 + 3 * (1_075 / batchSize));
  expect(full.filter(({ sampleCount }) => sampleCount < batchSize).length).toBeGreaterThan(1_000);
  const second = new Map(full.map((batch) => [batch.vmId, batch.sampleCount]));
  expect(new Set(second.values())).toEqual(new Set([batchSize]));
});
