import { cpSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type DiskSpoolOptions, openDiskSpool } from './disk-spool.ts';
import { headerOf, type SpoolEntry } from './entry.ts';
import type { Spool } from './spool.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** How long a slow machine may take. */
const patience = { timeout: 20_000 };

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'disk-spool-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function open(folder: string, options: Partial<DiskSpoolOptions> = {}): Spool {
  const onFailure = (_failure: string, error: unknown) => {
    throw error;
  };
  return openDiskSpool({ folder, limitBytes: 1024 ** 3, now: () => 5_000, onFailure, syncIntervalMs: 5, ...options });
}

/** What `kill -9` leaves: the files as they are at this moment. */
async function copyOf(folder: string): Promise<string> {
  const copy = join(await createFolder(), 'copy');
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('lock') });
  return copy;
}

function batchOf(vmId: string, number: number, length = 10) {
  return {
    vmId,
    customerId: 'acme',
    sampleCount: number,
    firstTimestamp: BigInt(number) * 1_000n,
    lastTimestamp: BigInt(number) * 1_000n + 999n,
    bytes: new Uint8Array(length).fill(number),
  };
}

function append(spool: Spool, batch: ReturnType<typeof batchOf>) {
  return spool.append(headerOf(batch), {}, batch.bytes);
}

test('what is not done with comes back after a crash, in order, with its bytes and its trace', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  closers.push(spool.close);
  spool.append({ kind: 'started', vmId: 'a', customerId: 'acme', startTime: 7n }, { traceparent: '00-1' });
  const done = append(spool, batchOf('a', 1));
  append(spool, batchOf('b', 2));
  append(spool, batchOf('a', 3));
  spool.append({ kind: 'gap', vmId: 'a', lastSent: 8n, resumeTime: 9n }, {});
  spool.remove(done);

  const after = open(await copyOf(folder));
  closers.push(after.close);
  expect(after.recovery.entries).toMatchObject([
    { content: { kind: 'started', vmId: 'a', customerId: 'acme', startTime: 7n }, trace: { traceparent: '00-1' } },
    { content: headerOf(batchOf('b', 2)), storedAtMs: 5_000 },
    { content: headerOf(batchOf('a', 3)) },
    { content: { kind: 'gap', vmId: 'a', lastSent: 8n, resumeTime: 9n } },
  ]);
  const [, b, a] = after.recovery.entries;
  expect(b && (await after.read(b))).toEqual(Buffer.from(batchOf('b', 2).bytes));
  expect(a && (await after.read(a))).toEqual(Buffer.from(batchOf('a', 3).bytes));
  expect(after.depth).toMatchObject({ entries: 4, batches: 2, samples: 5, oldestBatchAtMs: 5_000 });
});

test('the VMs that were alive are known after a crash, and whether the end was in order', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  spool.append({ kind: 'started', vmId: 'a', customerId: 'acme', startTime: 7n }, {});
  spool.append({ kind: 'started', vmId: 'gone', customerId: 'acme', startTime: 7n }, {});
  append(spool, batchOf('b', 2));
  spool.append({ kind: 'stopped', vmId: 'gone', stopTime: 8n }, {});
  const crashed = open(await copyOf(folder));
  closers.push(crashed.close);
  const liveVms = [
    { vmId: 'a', customerId: 'acme', lastTimestamp: 7n },
    { vmId: 'b', customerId: 'acme', lastTimestamp: 2_999n },
  ];
  expect(crashed.recovery).toMatchObject({ liveVms, endedInOrder: false });

  await spool.close();
  const ended = open(folder);
  closers.push(ended.close);
  expect(ended.recovery).toMatchObject({ liveVms, endedInOrder: true });
});

test('the VMs that are alive outlive the segments in which they began', async () => {
  const folder = await createFolder();
  const spool = open(folder, { limitBytes: 1024 ** 2 });
  closers.push(spool.close);
  spool.append({ kind: 'started', vmId: 'a', customerId: 'acme', startTime: 7n }, {});
  for (let number = 0; number < 40; number += 1) spool.remove(append(spool, batchOf('b', number, 8_000)));
  for (const entry of [...spool.waiting()]) spool.remove(entry);
  await expect.poll(() => spool.depth.bytes, patience).toBeLessThan(100_000);
  const after = open(await copyOf(folder));
  closers.push(after.close);
  expect(after.recovery.entries).toEqual([]);
  expect(after.recovery.liveVms.map(({ vmId }) => vmId)).toEqual(['a', 'b']);
});

test('a segment is deleted when all of it is done with', async () => {
  const folder = await createFolder();
  const spool = open(folder, { limitBytes: 1024 ** 2 });
  closers.push(spool.close);
  const entries = Array.from({ length: 30 }, (_, number) => append(spool, batchOf('a', number, 10_000)));
  const count = async () => (await readdir(folder)).filter((name) => name.endsWith('.spool')).length;
  expect(await count()).toBeGreaterThan(3);
  for (const entry of entries) spool.remove(entry);
  await expect.poll(count, patience).toBe(1);
});

test('a VM that is stuck does not keep what the others are done with on the disk, and its order stays', async () => {
  const folder = await createFolder();
  const spool = open(folder, { limitBytes: 1024 ** 2 });
  closers.push(spool.close);
  const stuck = [1, 2, 3].map((number) => append(spool, batchOf('stuck', number)));
  for (let number = 0; number < 300; number += 1) {
    spool.remove(append(spool, batchOf('b', number, 9_000)));
    // Far more than the limit goes through; it is never reached, because syncs move what is stuck.
    if (number % 20 === 0) await expect.poll(() => spool.depth.bytes, patience).toBeLessThan(700_000);
  }
  expect([...spool.waiting()]).toEqual(stuck);
  const after = open(await copyOf(folder));
  closers.push(after.close);
  expect(after.recovery.entries).toEqual(stuck);
  const [, second] = after.recovery.entries;
  expect(second && (await after.read(second))).toEqual(Buffer.from(batchOf('stuck', 2).bytes));
});

test('at its limit it takes no more batches, loses none that it has, and goes on when there is room', async () => {
  const spool = open(await createFolder(), { limitBytes: 200_000 });
  closers.push(spool.close);
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

test('a torn tail is cut off, and what was stored before it is there', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  closers.push(spool.close);
  append(spool, batchOf('a', 1));
  append(spool, batchOf('a', 2));
  const copy = await copyOf(folder);
  const segment = join(copy, '0000000001.spool');
  const { size } = await stat(segment);
  await truncate(segment, size - 3);
  const after = open(copy);
  expect(after.recovery.entries.map(({ content }) => content)).toEqual([headerOf(batchOf('a', 1))]);
  expect(after.recovery.tornBytes).toBeGreaterThan(0);
  expect(after.recovery.damagedStretches).toBe(0);
  await after.close();
  const again = open(copy);
  closers.push(again.close);
  expect(again.recovery).toMatchObject({ tornBytes: 0, entries: [{ content: headerOf(batchOf('a', 1)) }] });
});

test('acknowledgements that are torn or stray cost a repetition at most', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  closers.push(spool.close);
  const [first, second] = [append(spool, batchOf('a', 1)), append(spool, batchOf('a', 2))];
  spool.remove(first);
  const copy = await copyOf(folder);
  await appendFile(join(copy, '0000000001.done'), Buffer.of(1, 2, 3));
  await appendFile(join(copy, '0000000009.done'), Buffer.alloc(8));
  const after = open(copy);
  expect(after.recovery.entries).toEqual([second]);
  after.remove(after.recovery.entries[0] ?? second);
  await after.close();
  const again = open(copy);
  closers.push(again.close);
  expect(again.recovery.entries).toEqual([]);
  expect(await readdir(copy)).not.toContain('0000000009.done');
});

test('a folder that another one uses is refused in one sentence, and free again after that one', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  expect(() => open(folder)).toThrow(
    new RegExp(`^cannot use the spool folder ${folder}: another process uses it; choose another with .*--spool`),
  );
  await spool.close();
  const next = open(folder);
  await next.close();
});

test('a folder that cannot be made is refused in one sentence', async () => {
  const file = join(await createFolder(), 'file');
  await appendFile(file, 'x');
  expect(() => open(join(file, 'spool'))).toThrow(/^cannot use the spool folder .*ENOTDIR.*--spool/);
});

test('what billaged refuses is kept beside the segments, and does not come back', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  const entry = append(spool, batchOf('a', 1));
  spool.setAside(entry, batchOf('a', 1).bytes);
  expect(spool.depth.entries).toBe(0);
  await spool.close();
  expect((await stat(join(folder, 'set-aside.spool'))).size).toBeGreaterThan(10);
  const after = open(folder);
  closers.push(after.close);
  expect(after.recovery.entries).toEqual([]);
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

test('a disk that is full takes nothing and costs nothing that is stored; with room the spool goes on', async () => {
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
  closers.push(spool.close);
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
  closers.push(after.close);
  // What was done with could not be noted: it comes a second time, which billaged recognises.
  expect(after.recovery).toMatchObject({ entries: [done, ...taken], damagedStretches: 0, tornBytes: 0 });
});

test('bytes that changed on the disk are not sent', async () => {
  const folder = await createFolder();
  const spool = open(folder, { cacheBytes: 0 });
  closers.push(spool.close);
  const entry = append(spool, batchOf('a', 1, 1_000));
  expect(await spool.read(entry)).toEqual(Buffer.from(batchOf('a', 1, 1_000).bytes));
  const segment = join(folder, '0000000001.spool');
  await truncate(segment, (await stat(segment)).size - 10);
  await expect(spool.read(entry)).rejects.toThrow(/0000000001\.spool is damaged/);
});
