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
    onTrouble: (cause) => events.push(['trouble', cause?.message]),
    onMended: (lost) => events.push(['mended', lost]),
    onLost: (lines, atTheEnd) => events.push([atTheEnd ? 'lost at the end' : 'lost', lines]),
  });
}

test('a line is written before the call returns', () => {
  createTestWriter().write('one\n');
  expect(written).toBe('one\n');
});

test('lines wait for a slow reader, torn ones too, and follow in order without trouble', async () => {
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

test('what a reader that takes nothing leaves no room for is lost, said once and counted', async () => {
  const writer = createTestWriter(8);
  answer = 'EAGAIN';
  for (const line of ['one\n', 'two\n', 'three\n', 'four\n']) writer.write(line);
  expect(events).toEqual([
    ['trouble', undefined],
    ['lost', 1],
    ['lost', 1],
  ]);
  answer = 'takes';
  await expect.poll(() => events.slice(3)).toEqual([['mended', 2]]);
  expect(written).toBe('one\ntwo\n');
});

test('a reader that reads on, however slowly, gets what there is no room for', async () => {
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

test('a full disk is said once; lines wait until there is room', async () => {
  const writer = createTestWriter();
  answer = 'ENOSPC';
  room = 2;
  writer.write('one\n');
  writer.write('two\n');
  await expect.poll(() => events).toEqual([['trouble', 'write ENOSPC']]);
  answer = 'takes';
  await expect.poll(() => events.slice(1), { timeout: 10_000 }).toEqual([['mended', 0]]);
  expect(written).toBe('one\ntwo\n');
});

test('lines for a reader that is gone do not wait; one that is back gets the next ones', async () => {
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
      { timeout: 10_000 },
    )
    .toContain('three\n');
  expect(events.at(-1)).toEqual(['mended', events.length - 2]);
});

test('a line that is longer than all the room there is reaches a slow reader whole', async () => {
  const writer = createTestWriter(8);
  answer = 'EAGAIN';
  room = 2;
  writer.write('much longer than eight\n');
  answer = 'takes';
  await expect.poll(() => written).toBe('much longer than eight\n');
  expect(events).toEqual([]);
});

test('a destination that was opened anew gets the torn line whole, at once', () => {
  const writer = createTestWriter();
  answer = 'ENOSPC';
  room = 2;
  writer.write('one\n');
  answer = 'takes';
  written = '';
  writer.resume();
  expect(written).toBe('one\n');
});

test('finishing writes what waits', () => {
  const writer = createTestWriter();
  answer = 'EAGAIN';
  writer.write('one\n');
  answer = 'takes';
  expect(writer.finish()).toBe(0);
  expect(written).toBe('one\n');
});

test('finishing gives up at once where the disk is full, and says how much is lost', () => {
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

test('finishing gives up a reader that takes nothing', () => {
  const writer = createTestWriter();
  answer = 'EAGAIN';
  writer.write('one\n');
  expect(writer.finish()).toBe(1);
  expect(events).toEqual([['lost at the end', 1]]);
});
