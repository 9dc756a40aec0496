import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogFiles, type LogFiles } from './log-files.ts';

const start = Date.parse('2026-11-30T12:00:00Z');
const minute = 60_000;

let folder: string;
let file: string;
let files: LogFiles;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-log-files-'));
  file = join(folder, 'metald.log');
  files = createLogFiles([folder], start);
});
afterEach(() => rm(folder, { recursive: true }));

/** A line as telemetry writes it, ten to the minute. */
function line(sequence: number, { process = 'a', more = '' } = {}): string {
  const timestamp = new Date(start + (sequence - 1) * 6_000).toISOString().replace('Z', '+00:00');
  return `{"level":"info","timestamp":"${timestamp}","service":"metald","service.instance.id":"${process}"${more},"msg":"m","log.seq":${sequence}}\n`;
}

const lines = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => line(first + index)).join('');

const sequencesOf = (process = 'a', before?: number) => files.processes().get(process)?.sequences(before);

test('lines of all files are known, by process and number', async () => {
  await writeFile(`${file}.1`, lines(1, 10));
  await writeFile(file, lines(11, 20) + line(1, { process: 'b' }));
  await writeFile(join(folder, 'notes.txt'), line(99));
  await files.refresh();
  expect(sequencesOf('a')).toEqual([{ first: 1, last: 20 }]);
  expect(sequencesOf('b')).toEqual([{ first: 1, last: 1 }]);
  expect(files.processes().get('a')).toMatchObject({ service: 'metald', newest: start + 19 * 6_000, lost: [] });
});

test('what is appended is read, and of a line that is not whole yet its whole later', async () => {
  await writeFile(file, lines(1, 3) + line(4).slice(0, 50));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 3 }]);
  await appendFile(file, line(4).slice(50) + line(5));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 5 }]);
});

test('a file that was renamed or emptied is followed', async () => {
  await writeFile(file, lines(1, 3));
  await files.refresh();
  await appendFile(file, line(4));
  await rename(file, `${file}.1`);
  await writeFile(file, line(5));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 5 }]);
  await truncate(file);
  await files.refresh();
  await appendFile(file, line(6));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 6 }]);
});

test('lines of a deleted rotated file stay known until their minute is forgotten', async () => {
  await writeFile(file, lines(1, 25));
  await files.refresh();
  await rm(file);
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 25 }]);
  files.forget(start + 2 * minute);
  expect(files.since).toBe(start + 2 * minute);
  expect(sequencesOf()).toEqual([{ first: 21, last: 25 }]);
  files.forget(start + 3 * minute);
  expect(files.processes().size).toBe(0);
});

test('lines that were written before are passed over', async () => {
  files = createLogFiles([folder], start + minute + 1);
  await writeFile(file, lines(1, 25));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 11, last: 25 }]);
});

test('lines can be had up to a minute', async () => {
  await writeFile(file, lines(1, 25));
  await files.refresh();
  expect(sequencesOf('a', start + 2 * minute)).toEqual([{ first: 1, last: 20 }]);
  expect(sequencesOf('a', start + 2 * minute - 1)).toEqual([{ first: 1, last: 10 }]);
});

test('lines lost from the log file are known from its report, not from that of stdout', async () => {
  const about = (destination: string, lost: string) => `,"destination":"${destination}","lost_sequences":"${lost}"`;
  await writeFile(file, line(9, { more: about('file', '3-5, 7') }) + line(10, { more: about('stdout', '1-8') }));
  await files.refresh();
  expect(files.processes().get('a')?.lost).toEqual([
    { first: 3, last: 5 },
    { first: 7, last: 7 },
  ]);
});

test('lines are read again, each once, with the name of their file', async () => {
  await writeFile(`${file}.1`, lines(1, 4));
  await writeFile(file, lines(4, 6) + line(1, { process: 'b' }));
  const found: string[] = [];
  for await (const { text, file: name } of files.readLines(new Map([['a', [{ first: 2, last: 5 }]]]))) {
    found.push(`${name} ${JSON.parse(text)['log.seq']}`);
  }
  expect(found).toEqual(['metald.log.1 2', 'metald.log.1 3', 'metald.log.1 4', 'metald.log 5']);
});

test('lines longer than a chunk are read', async () => {
  const long = line(2, { more: `,"pad":"${'é'.repeat(2_000_000)}"` });
  await writeFile(file, line(1) + long + line(3));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 3 }]);
});

test('a truncated file or a reused inode is read from its start', async () => {
  await writeFile(file, lines(1, 3));
  await files.refresh();
  await truncate(file);
  await appendFile(file, lines(4, 9));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 9 }]);
});

test('what is no file is passed over, whatever its name is', async () => {
  await mkdir(join(folder, 'folder.log'));
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe.log')]);
  await writeFile(file, lines(1, 3));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 3 }]);
  expect(await Array.fromAsync(files.readLines(new Map([['a', [{ first: 1, last: 3 }]]])))).toHaveLength(3);
});

test('a torn line that another one was written on is none', async () => {
  const more = ',"destination":"file","lost_sequences":"1"';
  await writeFile(file, lines(1, 2) + line(3, { more }).slice(0, -20) + line(7, { process: 'b' }) + line(4));
  await files.refresh();
  expect(sequencesOf()).toEqual([
    { first: 1, last: 2 },
    { first: 4, last: 4 },
  ]);
  expect(files.processes().has('b')).toBe(false);
});

test('a line that is no JSON inside breaks neither the index nor a repair', async () => {
  await writeFile(file, line(1) + line(2, { more: ',"lost_sequences":,"destination":"file"' }) + line(3));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 3 }]);
  const found = await Array.fromAsync(files.readLines(new Map([['a', [{ first: 1, last: 3 }]]])));
  expect(found.map(({ text }) => JSON.parse(text)['log.seq'])).toEqual([1, 3]);
});

test('a line reports only lost lines before it', async () => {
  await writeFile(file, line(9, { more: ',"destination":"file","lost_sequences":"3-9007199254740991"' }));
  await files.refresh();
  expect(files.processes().get('a')?.lost).toEqual([{ first: 3, last: 8 }]);
});

test('a line longer than can be stored is known, and not read again', async () => {
  await writeFile(file, line(1) + line(2, { more: `,"pad":"${'a'.repeat(20_000_000)}"` }) + line(3));
  await files.refresh();
  expect(sequencesOf()).toEqual([{ first: 1, last: 3 }]);
  expect(await Array.fromAsync(files.readLines(new Map([['a', [{ first: 1, last: 3 }]]])))).toHaveLength(2);
});

test('passed over and forgotten lines are known while their process runs', async () => {
  files = createLogFiles([folder], start + minute);
  // The clock went back: numbers 12 and 13 are dated before 11.
  await writeFile(file, line(11) + line(12).replace('12:01:06', '12:00:59') + line(25));
  await files.refresh();
  expect(files.processes().get('a')?.passedOver).toEqual([{ first: 12, last: 12 }]);
  files.forget(start + 2 * minute);
  expect(files.processes().get('a')?.passedOver).toEqual([{ first: 11, last: 12 }]);
});

test('a folder that is not there is an error', async () => {
  await expect(createLogFiles([join(folder, 'nowhere')], start).refresh()).rejects.toThrow('ENOENT');
});
