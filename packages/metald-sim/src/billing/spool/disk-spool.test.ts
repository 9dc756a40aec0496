import { appendFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { append, batchOf, copyOf, createFolder, open, patience } from '../../testing/disk-spools.ts';
import { headerOf } from '../messages.ts';

test('pending entries survive a crash in order, with their bytes and trace', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  onTestFinished(spool.close);
  spool.append({ kind: 'started', vmId: 'a', customerId: 'acme', startTime: 7n }, { traceparent: '00-1' });
  const done = append(spool, batchOf('a', 1));
  append(spool, batchOf('b', 2));
  append(spool, batchOf('a', 3));
  spool.append({ kind: 'gap', vmId: 'a', lastSent: 8n, resumeTime: 9n }, {});
  spool.remove(done);

  const after = open(await copyOf(folder));
  onTestFinished(after.close);
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

test('after a crash it knows the live VMs, and whether the stop was orderly', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  spool.append({ kind: 'started', vmId: 'a', customerId: 'acme', startTime: 7n }, {});
  spool.append({ kind: 'started', vmId: 'gone', customerId: 'acme', startTime: 7n }, {});
  append(spool, batchOf('b', 2));
  spool.append({ kind: 'stopped', vmId: 'gone', stopTime: 8n }, {});
  const crashed = open(await copyOf(folder));
  onTestFinished(crashed.close);
  const liveVms = [
    { vmId: 'a', customerId: 'acme', lastTimestamp: 7n },
    { vmId: 'b', customerId: 'acme', lastTimestamp: 2_999n },
  ];
  expect(crashed.recovery).toMatchObject({ liveVms, endedInOrder: false });

  await spool.close();
  const ended = open(folder);
  onTestFinished(ended.close);
  expect(ended.recovery).toMatchObject({ liveVms, endedInOrder: true });
});

test('the VMs that are alive outlive the segments in which they began', async () => {
  const folder = await createFolder();
  const spool = open(folder, { limitBytes: 1024 ** 2 });
  onTestFinished(spool.close);
  spool.append({ kind: 'started', vmId: 'a', customerId: 'acme', startTime: 7n }, {});
  for (let number = 0; number < 40; number += 1) spool.remove(append(spool, batchOf('b', number, 8_000)));
  for (const entry of [...spool.waiting()]) spool.remove(entry);
  await expect.poll(() => spool.depth.bytes, patience).toBeLessThan(100_000);
  const after = open(await copyOf(folder));
  onTestFinished(after.close);
  expect(after.recovery.entries).toEqual([]);
  expect(after.recovery.liveVms.map(({ vmId }) => vmId)).toEqual(['a', 'b']);
});

test('a torn tail is cut off, and what was stored before it is there', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  onTestFinished(spool.close);
  append(spool, batchOf('a', 1));
  append(spool, batchOf('a', 2));
  const copy = await copyOf(folder);
  const segment = join(copy, '0000000001.spool');
  const { size } = await stat(segment);
  await truncate(segment, size - 3);
  const after = open(copy);
  expect(after.recovery.entries.map(({ content }) => content)).toEqual([headerOf(batchOf('a', 1))]);
  expect(after.recovery.tornBytes).toBeGreaterThan(0);
  expect(after.recovery.corruptions).toBe(0);
  await after.close();
  const again = open(copy);
  onTestFinished(again.close);
  expect(again.recovery).toMatchObject({ tornBytes: 0, entries: [{ content: headerOf(batchOf('a', 1)) }] });
});

/** A folder with two segments of a batch each, left by processes that were killed, and the names of the segments. */
async function twoSegments() {
  const folder = await createFolder();
  const first = open(folder);
  append(first, batchOf('a', 1));
  const copy = await copyOf(folder);
  await first.close();
  const second = open(copy);
  append(second, batchOf('b', 2));
  const last = await copyOf(copy);
  await second.close();
  return last;
}

/** Changes bytes of a file, from its end. */
async function change(path: string, fromEnd: number, bytes: number): Promise<void> {
  const content = await readFile(path);
  for (let at = content.length - fromEnd; at < content.length - fromEnd + bytes; at++) {
    content.writeUInt8(content.readUInt8(at) ^ 0x55, at);
  }
  await writeFile(path, content);
}

test.for([
  ['changed bytes at the end of an older segment', '0000000001.spool', (path: string) => change(path, 5, 5)],
  ['a change within the last record of an older segment', '0000000001.spool', (path: string) => change(path, 20, 2)],
  [
    'an older segment that was cut',
    '0000000001.spool',
    async (path: string) => truncate(path, (await stat(path)).size - 3),
  ],
  ['garbage behind an older segment', '0000000001.spool', (path: string) => appendFile(path, Buffer.alloc(50, 7))],
  ['changed bytes at the end of the newest segment', '0000000002.spool', (path: string) => change(path, 5, 5)],
  ['zeros behind the newest segment', '0000000002.spool', (path: string) => appendFile(path, Buffer.alloc(4_096))],
] as const)('%s is a corruption, not a torn write', async ([, name, damage]) => {
  const folder = await twoSegments();
  await damage(join(folder, name));
  const spool = open(folder);
  expect(spool.recovery).toMatchObject({ corruptions: 1, tornBytes: 0 });
  await spool.close();
});

test('files with names of another form stay', async () => {
  const folder = await createFolder();
  const names = [
    'mine.done',
    '1.done',
    '00000000001.done',
    '0000000001.done.bak',
    'x0000000001.done',
    'mine.spool',
    'a.lock',
  ];
  for (const name of names) await writeFile(join(folder, name), 'of somebody else');
  const spool = open(folder);
  spool.remove(append(spool, batchOf('a', 1)));
  await spool.close();
  await open(folder).close();
  expect(await readdir(folder)).toEqual(expect.arrayContaining(names));
});

test('acknowledgements that are torn or stray cost a repetition at most', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  onTestFinished(spool.close);
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
  onTestFinished(again.close);
  expect(again.recovery.entries).toEqual([]);
  expect(await readdir(copy)).not.toContain('0000000009.done');
});

test('a corrupt acknowledgement is ignored, and those beside it count', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  onTestFinished(spool.close);
  const entries = [1, 2, 3].map((number) => append(spool, batchOf('a', number)));
  for (const entry of entries) spool.remove(entry);
  const copy = await copyOf(folder);
  const path = join(copy, '0000000001.done');
  const bytes = await readFile(path);
  expect(bytes).toHaveLength(24);
  // A bit of the checksum of the second one.
  bytes.writeUInt8(bytes.readUInt8(12) ^ 1, 12);
  await writeFile(path, bytes);
  const after = open(copy);
  onTestFinished(after.close);
  expect(after.recovery.entries).toEqual([entries[1]]);
});

test('a folder in use is refused in one sentence, and free again afterwards', async () => {
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
  spool.deadLetter(entry, batchOf('a', 1).bytes);
  expect(spool.depth.entries).toBe(0);
  await spool.close();
  expect((await stat(join(folder, 'set-aside.spool'))).size).toBeGreaterThan(10);
  const after = open(folder);
  onTestFinished(after.close);
  expect(after.recovery.entries).toEqual([]);
});

test('a new folder has no entries to resume and counts as an orderly stop', async () => {
  const spool = open(await createFolder());
  onTestFinished(spool.close);
  expect(spool.recovery).toEqual({
    entries: [],
    liveVms: [],
    gaps: [],
    endedInOrder: true,
    corruptions: 0,
    tornBytes: 0,
  });
});

test('bytes that changed on the disk are not sent', async () => {
  const folder = await createFolder();
  const spool = open(folder, { cacheBytes: 0 });
  onTestFinished(spool.close);
  const entry = append(spool, batchOf('a', 1, 1_000));
  expect(await spool.read(entry)).toEqual(Buffer.from(batchOf('a', 1, 1_000).bytes));
  const segment = join(folder, '0000000001.spool');
  await truncate(segment, (await stat(segment)).size - 10);
  await expect(spool.read(entry)).rejects.toThrow(/0000000001\.spool is damaged/);
});

test('entries have numbers that go on after a restart', async () => {
  const folder = await createFolder();
  const spool = open(folder);
  expect([1, 2].map((number) => append(spool, batchOf('a', number)).sequence)).toEqual([1, 2]);
  await spool.close();
  const after = open(folder);
  onTestFinished(after.close);
  expect(append(after, batchOf('a', 3)).sequence).toBe(3);
  expect((await readdir(folder)).filter((name) => name.endsWith('.spool'))).toEqual([
    '0000000001.spool',
    '0000000002.spool',
  ]);
});

test('gaps that could not be told are there for the next process, and not for the one after it', async () => {
  const folder = await createFolder();
  const gaps = [{ kind: 'gap', vmId: 'a', lastSent: 2n ** 62n, resumeTime: 2n ** 62n + 1n }] as const;
  const first = open(folder);
  first.keepGaps(gaps);
  await first.close();
  const second = open(folder);
  expect(second.recovery).toMatchObject({ gaps, endedInOrder: true });
  second.append(gaps[0], {});
  await second.close();
  const third = open(folder);
  expect(third.recovery.gaps).toEqual([]);
  await third.close();
});
