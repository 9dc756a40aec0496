import { readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { append, batchOf, copyOf, createFolder, open, patience } from '../../testing/disk-spools.ts';
import type { SpoolEntry } from './entry.ts';

test('a segment is deleted when all of it is done with', async () => {
  const folder = await createFolder();
  const spool = open(folder, { limitBytes: 1024 ** 2 });
  onTestFinished(spool.close);
  const entries = Array.from({ length: 30 }, (_, number) => append(spool, batchOf('a', number, 10_000)));
  const count = async () => (await readdir(folder)).filter((name) => name.endsWith('.spool')).length;
  expect(await count()).toBeGreaterThan(3);
  for (const entry of entries) spool.remove(entry);
  await expect.poll(count, patience).toBe(1);
});

test('a stuck VM keeps its order and does not block the removal of other entries', async () => {
  const folder = await createFolder();
  const spool = open(folder, { limitBytes: 1024 ** 2 });
  onTestFinished(spool.close);
  const stuck = [1, 2, 3].map((number) => append(spool, batchOf('stuck', number)));
  for (let number = 0; number < 300; number += 1) {
    spool.remove(append(spool, batchOf('b', number, 9_000)));
    // Far more than the limit goes through; it is never reached, because syncs move what is stuck.
    if (number % 20 === 0) await expect.poll(() => spool.depth.bytes, patience).toBeLessThan(700_000);
  }
  expect([...spool.waiting()]).toEqual(stuck);
  const after = open(await copyOf(folder));
  onTestFinished(after.close);
  expect(after.recovery.entries).toEqual(stuck);
  const [, second] = after.recovery.entries;
  expect(second && (await after.read(second))).toEqual(Buffer.from(batchOf('stuck', 2).bytes));
});

test.for([0, 1024 ** 2])(
  'what is stuck in every segment moves out of the oldest while a quarter of the limit is used: cache of %i bytes',
  async (cacheBytes) => {
    const folder = await createFolder();
    const spool = open(folder, { limitBytes: 1024 ** 2, cacheBytes });
    onTestFinished(spool.close);
    const segments = async () => (await readdir(folder)).filter((name) => name.endsWith('.spool'));
    const stuck: SpoolEntry[] = [];
    /** Stores an entry that is stuck, and what is done with, up to the next segment. No sync comes between. */
    const fillSegment = () => {
      stuck.push(append(spool, batchOf('stuck', stuck.length + 1)));
      for (let count = 0; count < 8; count += 1) spool.remove(append(spool, batchOf('b', 1, 9_000)));
    };
    for (let count = 0; count < 3; count += 1) fillSegment();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await segments()).toContain('0000000001.spool');
    for (let count = 0; count < 6; count += 1) fillSegment();
    expect(spool.depth.bytes).toBeGreaterThan(600_000);
    await expect.poll(() => spool.depth.bytes, patience).toBeLessThan(1024 ** 2 / 4);
    expect(await segments()).not.toContain('0000000001.spool');
    expect([...spool.waiting()]).toEqual(stuck);
    for (const [index, entry] of stuck.entries()) {
      expect(Buffer.from(await spool.read(entry))).toEqual(Buffer.from(batchOf('stuck', index + 1).bytes));
    }
    const after = open(await copyOf(folder));
    onTestFinished(after.close);
    expect(after.recovery.entries).toEqual(stuck);
  },
);

test('a full spool rejects new batches, loses none, and resumes when there is room', async () => {
  const spool = open(await createFolder(), { limitBytes: 200_000 });
  onTestFinished(spool.close);
  const taken: SpoolEntry[] = [];
  const fill = () => {
    for (;;) taken.push(append(spool, batchOf('a', 1, 10_000)));
  };
  expect(fill).toThrow(expect.objectContaining({ refusal: 'spool_full' }));
  expect([...spool.waiting()]).toEqual(taken);
  expect(spool.depth.bytes).toBeLessThanOrEqual(200_000);
  // Notices are small, and a VM whose end is not told stays open for ever.
  const stopped = spool.append({ kind: 'stopped', vmId: 'a', stopTime: 1n }, {});
  expect([...spool.waiting()].at(-1)).toBe(stopped);
  for (const entry of [...spool.waiting()]) spool.remove(entry);
  await expect.poll(() => spool.depth.bytes, patience).toBeLessThan(190_000);
  expect(append(spool, batchOf('a', 1, 10_000))).toMatchObject({ content: { kind: 'batch' } });
});

test('refused batches are kept up to 16 MiB, and one beyond that is a failure', async () => {
  const folder = await createFolder();
  const failures: string[] = [];
  const spool = open(folder, { onFailure: (_failure, error) => failures.push(String(error)) });
  const length = 6 * 1024 ** 2;
  for (let number = 0; number < 4; number += 1) {
    const batch = batchOf('a', number, length);
    spool.deadLetter(append(spool, batch), batch.bytes);
  }
  const { size } = await stat(join(folder, 'set-aside.spool'));
  expect(Math.floor(size / length)).toBe(3);
  expect(failures).toEqual([expect.stringContaining('set-aside.spool is full')]);
  await spool.close();
});

test('a folder that goes away is a refusal that is reported, not the end', async () => {
  const folder = await createFolder();
  const failures: string[] = [];
  const spool = open(folder, { limitBytes: 200_000, onFailure: (failure) => failures.push(failure) });
  await rm(folder, { recursive: true });
  const fill = () => {
    for (let number = 0; number < 10; number += 1) append(spool, batchOf('a', number, 10_000));
  };
  // The segment that is open can still be written; the next one cannot be made.
  expect(fill).toThrow(expect.objectContaining({ refusal: 'spool_unwritable' }));
  expect(failures).toContain('write');
  await spool.close();
});

test('a full disk loses nothing stored, and the spool resumes once there is room', async () => {
  const folder = await createFolder();
  const failures: string[] = [];
  let isFull = false;
  const spool = open(folder, {
    limitBytes: 1024 ** 2,
    onFailure: (failure) => failures.push(failure),
    beforeUse(operation) {
      if (isFull && operation === 'write') throw new Error('ENOSPC');
    },
  });
  onTestFinished(spool.close);
  const [done, ...taken] = Array.from({ length: 8 }, (_, number) => append(spool, batchOf('a', number, 10_000)));
  // More than a segment takes: the next one is to be begun while there is no room.
  expect(spool.depth.bytes).toBeGreaterThan(65_536);
  isFull = true;
  for (let count = 0; count < 3; count += 1) {
    expect(() => append(spool, batchOf('a', 50))).toThrow(expect.objectContaining({ refusal: 'spool_unwritable' }));
  }
  if (done) spool.remove(done);
  expect(failures).toEqual(['write', 'write', 'write', 'write']);
  expect([...spool.waiting()]).toEqual(taken);
  isFull = false;
  taken.push(append(spool, batchOf('a', 60)));
  expect(failures).toHaveLength(4);

  const after = open(await copyOf(folder));
  onTestFinished(after.close);
  // What was done with could not be noted: it comes a second time, which billaged recognises.
  expect(after.recovery).toMatchObject({ entries: [done, ...taken], corruptions: 0, tornBytes: 0 });
});

test('what is done with is not read, and the error names it', async () => {
  const spool = open(await createFolder());
  onTestFinished(spool.close);
  const entry = append(spool, batchOf('a', 1));
  spool.remove(entry);
  spool.remove(entry);
  expect(spool.depth).toMatchObject({ entries: 0, batches: 0, samples: 0, oldestBatchAtMs: undefined });
  const error = { name: 'SpoolDamageError', message: 'entry 1 is not in the spool' };
  await expect(spool.read(entry)).rejects.toMatchObject(error);
});

test('a refusal says how much waits, or what the file system said', async () => {
  let isFull = false;
  const spool = open(await createFolder(), {
    limitBytes: 20_000,
    onFailure: () => undefined,
    beforeUse() {
      if (isFull) throw new Error('ENOSPC');
    },
  });
  onTestFinished(spool.close);
  append(spool, batchOf('a', 1, 10_000));
  const used = spool.depth.bytes;
  const full = `1 entries wait in ${used} bytes, which is the limit`;
  expect(() => append(spool, batchOf('a', 2, 10_000))).toThrow(expect.objectContaining({ message: full }));
  isFull = true;
  const unwritable = { message: expect.stringMatching(/^cannot write to .*: ENOSPC$/), cause: new Error('ENOSPC') };
  expect(() => append(spool, batchOf('a', 2))).toThrow(expect.objectContaining(unwritable));
});

test('a sync is made after a write, and is not repeated without one', async () => {
  let syncs = 0;
  const spool = open(await createFolder(), {
    syncIntervalMs: 1,
    beforeUse(operation) {
      if (operation === 'sync') syncs += 1;
    },
  });
  onTestFinished(spool.close);
  await expect.poll(() => syncs, patience).toBe(1);
  const entry = append(spool, batchOf('a', 1));
  await expect.poll(() => syncs, patience).toBe(2);
  // The acknowledgement asks for a sync, in case the segment can go; it has nothing that must be on disk.
  spool.remove(entry);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(syncs).toBe(2);
});

test('a sync that fails is reported, and made again with what it was for', async () => {
  const failures: unknown[] = [];
  let isBroken = true;
  let syncs = 0;
  const spool = open(await createFolder(), {
    onFailure: (failure, error) => failures.push([failure, String(error)]),
    beforeUse(operation) {
      if (operation !== 'sync') return;
      if (isBroken) throw new Error('EIO');
      syncs += 1;
    },
  });
  onTestFinished(spool.close);
  await expect.poll(() => failures.length, patience).toBeGreaterThan(1);
  expect(failures[0]).toEqual(['sync', 'Error: EIO']);
  isBroken = false;
  await expect.poll(() => syncs, patience).toBe(1);
});

test('batches stay in memory up to a limit, and removed entries make room again', async () => {
  const folder = await createFolder();
  const spool = open(folder, { cacheBytes: 100 });
  onTestFinished(spool.close);
  const [first, second] = [append(spool, batchOf('a', 1, 60)), append(spool, batchOf('a', 2, 60))];
  spool.remove(first);
  const third = append(spool, batchOf('a', 3, 60));
  // What is not in memory cannot be read any more.
  const segment = join(folder, '0000000001.spool');
  await truncate(segment, 0);
  await expect(spool.read(second)).rejects.toThrow('is damaged');
  expect(await spool.read(third)).toEqual(batchOf('a', 3, 60).bytes);
});
