import { beforeEach, expect, test } from 'vitest';
import { createLineWriter } from './line-writer.ts';

/** How the system answers for now; `takes` is for a whole line. */
type Answer = 'takes' | 'EAGAIN' | 'ENOSPC' | 'EPIPE';

let answer: Answer;
/** Bytes that are taken before `answer` holds. */
let room: number;
let written: string;
let events: unknown[];

beforeEach(() => {
  answer = 'takes';
  room = 0;
  written = '';
  events = [];
});

/** Stands for a file or a pipe, whose errors come when the test wants them. */
function put(data: string | Uint8Array): number {
  const bytes = Buffer.from(data);
  const taken = answer === 'takes' ? bytes : bytes.subarray(0, room);
  if (taken.length === 0) throw Object.assign(new Error(`write ${answer}`), { code: answer });
  room -= answer === 'takes' ? 0 : taken.length;
  written += taken.toString('latin1');
  return taken.length;
}

function createTestWriter(maxWaitingBytes = 1_000) {
  return createLineWriter({
    put,
    maxWaitingBytes,
    onFailing: (cause) => events.push(['trouble', cause?.message]),
    onRecovered: (lost) => events.push(['recovered', lost]),
    onLost: (lines, atTheEnd) => events.push([atTheEnd ? 'lost at the end' : 'lost', lines.length]),
  });
}

test('a line is written before the call returns', () => {
  createTestWriter().write('one\n');
  expect(written).toBe('one\n');
});

test('lines wait for a slow reader and follow in order without a report', async () => {
  const writer = createTestWriter();
  answer = 'EAGAIN';
  room = 2;
  for (const line of ['one\n', 'two\n', 'three\n']) writer.write(line);
  expect(written).toBe('on');
  answer = 'takes';
  await expect.poll(() => written).toBe('one\ntwo\nthree\n');
  writer.write('four\n');
  expect(written).toBe('one\ntwo\nthree\nfour\n');
  expect(events).toEqual([]);
});

test('lines without room are lost, reported once and counted', async () => {
  const writer = createTestWriter(8);
  answer = 'EAGAIN';
  for (const line of ['one\n', 'two\n', 'three\n', 'four\n']) writer.write(line);
  expect(events).toEqual([
    ['trouble', undefined],
    ['lost', 1],
    ['lost', 1],
  ]);
  answer = 'takes';
  await expect.poll(() => events.slice(3)).toEqual([['recovered', 2]]);
  expect(written).toBe('one\ntwo\n');
});

test('a slow reader gets lines for which there is no room', async () => {
  const writer = createTestWriter(8);
  answer = 'EAGAIN';
  for (const line of ['one\n', 'two\n']) writer.write(line);
  room = 8;
  writer.write('6 more\n');
  expect(events).toEqual([]);
  expect(written).toBe('one\ntwo\n');
  answer = 'takes';
  await expect.poll(() => written).toBe('one\ntwo\n6 more\n');
});

test('a full disk is reported once and lines wait for room', async () => {
  const writer = createTestWriter();
  answer = 'ENOSPC';
  room = 2;
  writer.write('one\n');
  writer.write('two\n');
  await expect.poll(() => events).toEqual([['trouble', 'write ENOSPC']]);
  answer = 'takes';
  await expect.poll(() => events.slice(1), { timeout: 100_000 }).toEqual([['recovered', 0]]);
  expect(written).toBe('one\ntwo\n');
});

test('lines do not wait for a closed pipe and a new reader gets later ones', async () => {
  const writer = createTestWriter();
  answer = 'EPIPE';
  writer.write('one\n');
  writer.write('two\n');
  expect(events).toEqual([
    ['trouble', 'write EPIPE'],
    ['lost', 1],
    ['lost', 1],
  ]);
  answer = 'takes';
  await expect
    .poll(
      () => {
        writer.write('three\n');
        return written;
      },
      { timeout: 100_000 },
    )
    .toContain('three\n');
  expect(events.at(-1)).toEqual(['recovered', events.length - 2]);
});

test('a line that is longer than the queue reaches a slow reader whole', async () => {
  const writer = createTestWriter(8);
  answer = 'EAGAIN';
  room = 2;
  writer.write('much longer than eight\n');
  answer = 'takes';
  await expect.poll(() => written).toBe('much longer than eight\n');
  expect(events).toEqual([]);
});

test('a reopened destination gets a partial line whole at once', () => {
  const writer = createTestWriter();
  answer = 'ENOSPC';
  room = 2;
  writer.write('one\n');
  answer = 'takes';
  written = '';
  writer.resume();
  expect(written).toBe('one\n');
});

test('finishing writes waiting lines', () => {
  const writer = createTestWriter();
  answer = 'EAGAIN';
  writer.write('one\n');
  answer = 'takes';
  expect(writer.finish()).toBe(0);
  expect(written).toBe('one\n');
});

test('finishing reports lost lines to a recovered destination', () => {
  const writer = createTestWriter(8);
  answer = 'EAGAIN';
  for (const line of ['one\n', 'two\n', 'three\n']) writer.write(line);
  answer = 'takes';
  expect(writer.finish()).toBe(0);
  expect(written).toBe('one\ntwo\n');
  expect(events.slice(1)).toEqual([
    ['lost', 1],
    ['recovered', 1],
  ]);
});

test('finishing stops at once on a full disk and returns the number of lost lines', () => {
  const writer = createTestWriter();
  answer = 'ENOSPC';
  writer.write('one\n');
  writer.write('two\n');
  expect(writer.finish()).toBe(2);
  expect(events).toEqual([
    ['trouble', 'write ENOSPC'],
    ['lost at the end', 2],
  ]);
});

test('finishing stops waiting for a reader that reads nothing', () => {
  const writer = createTestWriter();
  answer = 'EAGAIN';
  writer.write('one\n');
  expect(writer.finish()).toBe(1);
  expect(events).toEqual([['lost at the end', 1]]);
});
