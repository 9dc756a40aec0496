import { expect, test } from 'vitest';
import { headerOf } from '../messages.ts';
import { createMemorySpool } from './memory-spool.ts';

const bytes = Buffer.alloc(40);
const batch = { vmId: 'a', customerId: 'acme', sampleCount: 3, firstTimestamp: 1n, lastTimestamp: 2n, bytes };

test('it keeps batches in order until they are removed, and counts them', async () => {
  let time = 100;
  const spool = createMemorySpool({ limitBytes: 100, now: () => time });
  spool.append({ kind: 'started', vmId: 'a', customerId: 'acme', startTime: 1n }, {});
  const first = spool.append(headerOf(batch), {}, bytes);
  time = 200;
  const second = spool.append(headerOf(batch), {}, bytes);
  expect(spool.depth).toEqual({
    entries: 3,
    batches: 2,
    samples: 6,
    bytes: 80,
    limitBytes: 100,
    oldestBatchAtMs: 100,
  });
  expect(await spool.read(second)).toBe(bytes);
  spool.remove(first);
  spool.remove(first);
  expect(spool.depth).toMatchObject({ entries: 2, batches: 1, samples: 3, bytes: 40, oldestBatchAtMs: 200 });
  await expect(spool.read(first)).rejects.toThrow(/not in the spool/);
});

test('at its limit it takes no more batches, but notices still', () => {
  const spool = createMemorySpool({ limitBytes: 80, now: () => 0 });
  const entries = [1, 2].map(() => spool.append(headerOf(batch), {}, bytes));
  expect(() => spool.append(headerOf(batch), {}, bytes)).toThrow(expect.objectContaining({ refusal: 'spool_full' }));
  const stopped = spool.append({ kind: 'stopped', vmId: 'a', stopTime: 1n }, {});
  expect([...spool.waiting()]).toEqual([...entries, stopped]);
  spool.remove(stopped);
  for (const entry of entries) spool.remove(entry);
  expect(spool.append(headerOf(batch), {}, bytes)).toMatchObject({ content: { kind: 'batch' } });
});
