import { expect, test } from 'vitest';
import { readChunks } from './chunks.ts';

function readAll(pieces: Iterable<string | Uint8Array, void>, chunkSize: number): string[] {
  const reader = readChunks(pieces);
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(chunkSize, 0xff);
    const filled = reader.read(chunk);
    chunks.push(chunk.subarray(0, filled));
    if (filled < chunkSize) return [Buffer.concat(chunks).toString(), ...chunks.map(({ length }) => `${length}`)];
  }
}

test('every chunk but the last is full', () => {
  expect(readAll(['abc', 'def', 'gh'], 5)).toEqual(['abcdefgh', '5', '3']);
  expect(readAll(['abcde'], 5)).toEqual(['abcde', '5', '0']);
  expect(readAll([], 5)).toEqual(['', '0']);
});

test('a long piece and a character that does not fit continue in the next chunk', () => {
  expect(readAll([Buffer.from('0123456789'), 'äöü€', Buffer.from('x')], 4)).toEqual([
    '0123456789äöü€x',
    ...Array(5).fill('4'),
    '0',
  ]);
});

test('a piece of bytes may be overwritten once the next one is requested', () => {
  const block = Buffer.alloc(6);
  const pieces = function* () {
    for (const letter of 'abc') {
      block.fill(letter);
      yield block;
    }
  };
  const reader = readChunks(pieces());
  const chunk = Buffer.alloc(4);
  const read: string[] = [];
  for (let filled = 4; filled === 4; ) {
    filled = reader.read(chunk);
    read.push(chunk.toString('latin1', 0, filled));
    // Somebody else has its turn between two chunks.
    block.fill('!');
  }
  expect(read.join('')).toBe('aaaaaabbbbbbcccccc');
});

test('closing a reader ends the iteration of its pieces', () => {
  let isOpen = true;
  const pieces = function* () {
    try {
      for (;;) yield 'x';
    } finally {
      isOpen = false;
    }
  };
  const reader = readChunks(pieces());
  reader.read(Buffer.alloc(3));
  expect(isOpen).toBe(true);
  reader.close();
  expect(isOpen).toBe(false);
});
