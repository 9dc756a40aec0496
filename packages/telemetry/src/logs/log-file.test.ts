import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '@vmobs/settings';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LogFile, type LogFileOptions, openLogFile } from './log-file.ts';

let folder: string;
let path: string;
let file: LogFile | undefined;
let failures: unknown[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-file-test-'));
  path = join(folder, 'shop.log');
  failures = [];
});
afterEach(() => {
  file?.close();
  file = undefined;
  rmSync(folder, { recursive: true });
});

function open(options: Partial<LogFileOptions> = {}): LogFile {
  const opened = openLogFile({ path, ...options }, (error) => failures.push(error));
  file = opened;
  return {
    put: (data) => opened.put(data),
    reopen: () => opened.reopen(),
    close: () => opened.close(),
  };
}

/** A line of ten bytes. */
const line = (number: number) => `line ${String(number).padStart(4, '0')}\n`;

function contents(): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

test('a line that no longer fits starts a new file, and old files are limited', () => {
  const { put } = open({ maxBytes: 20, keep: 2 });
  for (let number = 1; number <= 9; number++) expect(put(line(number))).toBe(10);
  expect(contents()).toEqual({
    'shop.log': line(9),
    'shop.log.1': line(7) + line(8),
    'shop.log.2': line(5) + line(6),
  });
  expect(failures).toEqual([]);
});

test('a partial line that a crash left does not damage the next one', () => {
  writeFileSync(path, line(1) + line(2).slice(0, 4));
  const { put, reopen } = open();
  expect(put(line(3))).toBe(10);
  reopen();
  put(line(4));
  expect(contents()).toEqual({ 'shop.log': `${line(1)}line\n${line(3)}${line(4)}` });
});

test('a line that exceeds the limit is written whole', () => {
  const { put } = open({ maxBytes: 5 });
  put(line(1));
  put(line(2));
  expect(contents()).toEqual({ 'shop.log': line(2), 'shop.log.1': line(1) });
});

test('the rest of a line stays in the file of its beginning', () => {
  const { put } = open({ maxBytes: 10 });
  put('line');
  put(Buffer.from(' that goes on\n'));
  put(line(1));
  expect(contents()).toEqual({ 'shop.log': line(1), 'shop.log.1': 'line that goes on\n' });
});

test('the existing size of the file counts', () => {
  writeFileSync(path, line(1));
  open({ maxBytes: 15 }).put(line(2));
  expect(contents()).toEqual({ 'shop.log': line(2), 'shop.log.1': line(1) });
});

test('without a size the file is never rotated', () => {
  const { put } = open({ maxBytes: 0 });
  for (let number = 1; number <= 9; number++) put(line(number));
  expect(readdirSync(folder)).toEqual(['shop.log']);
});

test('a truncated file is not rotated before it is full again', () => {
  const { put } = open({ maxBytes: 20 });
  put(line(1));
  put(line(2));
  truncateSync(path);
  put(line(3));
  expect(contents()).toEqual({ 'shop.log': line(3) });
});

test('a file that another process has rotated is not rotated again', () => {
  const { put } = open({ maxBytes: 20 });
  put(line(1));
  put(line(2));
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'of the other\n');
  put(line(3));
  expect(contents()).toEqual({ 'shop.log': `of the other\n${line(3)}`, 'shop.log.1': line(1) + line(2) });
});

test('a file that cannot be rotated is reported and retried at twice the size', () => {
  mkdirSync(`${path}.1`);
  const { put } = open({ maxBytes: 20, keep: 1 });
  for (let number = 1; number <= 4; number++) put(line(number));
  expect(failures).toEqual([expect.objectContaining({ code: 'EISDIR' })]);
  rmSync(`${path}.1`, { recursive: true });
  put(line(5));
  expect(contents()).toEqual({
    'shop.log': line(5),
    'shop.log.1': line(1) + line(2) + line(3) + line(4),
  });
});

test('a device is never rotated', () => {
  const device = '/dev/null';
  const { put } = open({ path: device, maxBytes: 5 });
  put(line(1));
  put(line(2));
  expect(statSync(device).isCharacterDevice()).toBe(true);
  expect(existsSync(`${device}.1`)).toBe(false);
  expect(failures).toEqual([]);
});

test('reopening follows a file that was moved', () => {
  const { put, reopen } = open();
  put(line(1));
  renameSync(path, `${path}.old`);
  put(line(2));
  reopen();
  put(line(3));
  expect(contents()).toEqual({ 'shop.log': line(3), 'shop.log.old': line(1) + line(2) });
});

test('a failed reopening keeps the old file', () => {
  const { put, reopen } = open();
  renameSync(path, `${path}.old`);
  mkdirSync(path);
  expect(reopen).toThrow('EISDIR');
  put(line(1));
  expect(readFileSync(`${path}.old`, 'utf8')).toBe(line(1));
});

test('an unusable path is an error that says what to change', () => {
  expect(() => open({ path: folder })).toThrow(
    `cannot open the log file ${folder}: it is a folder; choose another with LOG_FILE`,
  );
  writeFileSync(path, '');
  expect(() => open({ path: join(path, 'shop.log') })).toThrow('a part of its path is not a folder');
  expect(() => open({ path: folder })).toThrow(CommandError);
});
