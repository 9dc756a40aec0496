import { appendFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FluentConf, readFluentConf, tailOf } from './fluent-conf.ts';
import { openTail, type Positions, type Tail } from './tail.ts';

let conf: FluentConf;
let folder: string;
let file: string;
let positions: Positions;
let tail: Tail;
/** The number of the last line. */
let written: number;
let read: unknown[];

beforeEach(async () => {
  conf = await readFluentConf();
  folder = await mkdtemp(join(tmpdir(), 'vmobs-rotation-'));
  await mkdir(join(folder, 'metald'));
  file = join(folder, 'metald/metald.log');
  positions = new Map();
  written = 0;
  read = [];
  await startTail();
});
afterEach(async () => {
  await tail.close();
  await rm(folder, { recursive: true });
});

async function startTail(): Promise<void> {
  tail = openTail(tailOf(conf, 'metald'), { folder, positions });
  await tail.refresh();
}

/** Writes lines with the numbers that come next. */
async function write(count: number): Promise<void> {
  for (let line = 0; line < count; line += 1) {
    written += 1;
    await appendFile(file, `{"timestamp":"2026-11-30T16:00:00.000+00:00","log.seq":${written}}\n`);
  }
}

/** Renames the file, and those that were renamed before it, as a service does that keeps three. */
async function rotate(): Promise<void> {
  for (const number of [2, 1]) await rename(`${file}.${number}`, `${file}.${number + 1}`).catch(() => undefined);
  await rename(file, `${file}.1`);
}

async function readOn(): Promise<void> {
  read.push(...(await tail.read()).map(({ record }) => record['log.seq']));
}

function expectEachLineOnce(): void {
  expect(read).toHaveLength(written);
  expect(new Set(read)).toEqual(new Set(Array.from({ length: written }, (_, index) => index + 1)));
}

test('what was not read of a file that was renamed while Fluentd was away is read', async () => {
  await write(2);
  await tail.refresh();
  await readOn();
  await tail.close();
  await write(3);
  await rotate();
  await write(4);
  await startTail();
  await readOn();
  expectEachLineOnce();
});

test('files that come and are renamed between two looks at the path are read', async () => {
  await write(1);
  await tail.refresh();
  for (let rotation = 0; rotation < 3; rotation += 1) {
    await readOn();
    await rotate();
    await write(2);
  }
  await tail.refresh();
  await readOn();
  expectEachLineOnce();
});

test('a renamed file is still read until the service has opened the new one', async () => {
  await write(2);
  await tail.refresh();
  await readOn();
  await rotate();
  const service = file;
  file = `${service}.1`;
  await write(2);
  file = service;
  await readOn();
  await write(2);
  await tail.refresh();
  await readOn();
  expectEachLineOnce();
});

test('after a restart the lines that were read are not read again', async () => {
  await write(5);
  await tail.refresh();
  await readOn();
  await tail.close();
  await startTail();
  await readOn();
  expectEachLineOnce();
});

test('a line without its end waits for it', async () => {
  await appendFile(file, '{"log.s');
  await tail.refresh();
  await readOn();
  expect(read).toEqual([]);
  await appendFile(file, 'eq":1}\n');
  written = 1;
  await readOn();
  expectEachLineOnce();
});

test('files beside the log of the service are left alone', async () => {
  await write(1);
  for (const other of ['metald.log.gz', 'metald.log.lock', 'metald.txt']) {
    await appendFile(join(folder, 'metald', other), '{"log.seq":99}\n');
  }
  await tail.refresh();
  await readOn();
  expectEachLineOnce();
});
