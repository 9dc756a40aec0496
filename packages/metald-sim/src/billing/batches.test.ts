import { expect, test } from 'vitest';
import { initialUsage } from '../fleet/usage.ts';
import { type Batch, createBatches } from './batches.ts';
import { takeSample } from './sample.ts';

const web = { vmId: 'ud-web', customerId: 'acme' };
const db = { vmId: 'ud-db', customerId: 'globex' };
const sampleAt = (second: number) => takeSample(initialUsage(1024 ** 3), 1_000 * second);
const secondsOf = (batch: Batch | undefined) => batch?.samples.map(({ timestamp }) => Number(timestamp.seconds));

test('the sample that fills a batch gives it, in order, and the next one begins anew', () => {
  const batches = createBatches(3);
  const given = [1, 2, 3, 4, 5, 6, 7].map((second) => secondsOf(batches.add(web, sampleAt(second))));
  expect(given).toEqual([undefined, undefined, [1, 2, 3], undefined, undefined, [4, 5, 6], undefined]);
  expect(secondsOf(batches.take(web.vmId))).toEqual([7]);
});

test('a batch of one sample is full at once', () => {
  const batches = createBatches(1);
  expect(batches.add(web, sampleAt(1))).toMatchObject({ ...web, samples: [sampleAt(1)] });
  expect(batches.takeAll()).toEqual([]);
});

test('each VM has a batch of its own', () => {
  const batches = createBatches(2);
  expect(batches.add(web, sampleAt(1))).toBeUndefined();
  expect(batches.add(db, sampleAt(2))).toBeUndefined();
  expect(batches.add(web, sampleAt(3))).toEqual({ ...web, samples: [sampleAt(1), sampleAt(3)] });
  expect(batches.takeAll()).toEqual([{ ...db, samples: [sampleAt(2)] }]);
});

test('taking the batch of one VM leaves the others, and a batch is taken once', () => {
  const batches = createBatches(10);
  batches.add(web, sampleAt(1));
  batches.add(db, sampleAt(1));
  expect(batches.take(web.vmId)).toEqual({ ...web, samples: [sampleAt(1)] });
  expect(batches.take(web.vmId)).toBeUndefined();
  expect(batches.takeAll().map(({ vmId }) => vmId)).toEqual([db.vmId]);
  expect(batches.takeAll()).toEqual([]);
});

test('a batch that was given does not change when more samples come', () => {
  const batches = createBatches(2);
  batches.add(web, sampleAt(1));
  const full = batches.add(web, sampleAt(2));
  batches.add(web, sampleAt(3));
  expect(secondsOf(full)).toEqual([1, 2]);
});

test('a sample has whole units, fractions wait until they are whole', () => {
  const usage = { ...initialUsage(1_000), cpuNanos: 1.9, diskReadBytes: 8.5, networkTxBytes: 2 ** 40 + 0.5 };
  expect(takeSample(usage, 1_500)).toMatchObject({
    timestamp: { seconds: 1n, nanos: 500_000_000 },
    cpuTimeNanos: 1n,
    memoryUsageBytes: 100n,
    diskReadBytes: 8n,
    networkTxBytes: 2n ** 40n,
  });
});
