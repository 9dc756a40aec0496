import { expect, test } from 'vitest';
import { createWaitingLines } from './waiting-lines.ts';

const textOf = (data: string | Uint8Array) => (typeof data === 'string' ? data : Buffer.from(data).toString());

test('lines leave in order', () => {
  const waiting = createWaitingLines(1_000);
  for (const line of ['one\n', 'two\n', 'three\n']) expect(waiting.add(line)).toBe(true);
  const written: string[] = [];
  while (waiting.count > 0) {
    const line = waiting.front();
    written.push(textOf(line));
    waiting.took(line.length);
  }
  expect(written).toEqual(['one\n', 'two\n', 'three\n']);
});

test('a partial line continues where it stopped, even within a character', () => {
  const waiting = createWaitingLines(1_000);
  waiting.add('é1\n');
  waiting.add('2\n');
  const bytes: number[] = [];
  while (waiting.count > 0) {
    bytes.push(Buffer.from(waiting.front())[0] ?? 0);
    waiting.took(1);
  }
  expect(Buffer.from(bytes).toString()).toBe('é1\n2\n');
});

test('a partial line can be restored', () => {
  const waiting = createWaitingLines(1_000);
  waiting.add('one\n');
  waiting.took(2);
  expect(textOf(waiting.front())).toBe('e\n');
  waiting.rewind();
  expect(textOf(waiting.front())).toBe('one\n');
  expect(waiting.count).toBe(1);
});

test('the queue is limited in bytes and has room again when lines leave', () => {
  const waiting = createWaitingLines(6);
  expect([waiting.add('éé\n'), waiting.add('2\n')]).toEqual([true, false]);
  waiting.took(5);
  expect([waiting.add('22222\n'), waiting.add('3')]).toEqual([true, false]);
  expect(waiting.clear()).toEqual(['22222\n']);
  expect(waiting.count).toBe(0);
  expect(waiting.add('33333\n')).toBe(true);
});

test('a line that is longer than the limit waits alone', () => {
  const waiting = createWaitingLines(3);
  expect([waiting.add('longer\n'), waiting.add('\n')]).toEqual([true, false]);
  waiting.took(7);
  expect(waiting.add('longer\n')).toBe(true);
});

test('thousands of lines keep their order', () => {
  const waiting = createWaitingLines(1_000_000);
  const written: string[] = [];
  for (let number = 0; number < 5_000; number++) {
    waiting.add(`${number}\n`);
    if (number % 2 === 0) continue;
    const line = textOf(waiting.front());
    written.push(line);
    waiting.took(line.length);
  }
  expect(waiting.count).toBe(2_500);
  expect(written).toEqual(Array.from({ length: 2_500 }, (_, number) => `${number}\n`));
  expect(textOf(waiting.front())).toBe('2500\n');
});
