import { expect, test } from 'vitest';
import { createLineNumbers, createLostSequences, sequenceOf } from './numbered-lines.ts';

test('lines are numbered from 1 without a gap, as their last key', () => {
  const number = createLineNumbers();
  expect(['{"msg":"a"}\n', '{"msg":"b"}\n'].map(number)).toEqual([
    '{"msg":"a","log.seq":1}\n',
    '{"msg":"b","log.seq":2}\n',
  ]);
});

test('a text that is no JSON object takes no number', () => {
  const number = createLineNumbers();
  expect(number('no object\n')).toBe('no object\n');
  expect(number('{"msg":"a"}\n')).toBe('{"msg":"a","log.seq":1}\n');
});

test.for([
  ['{"msg":"a","log.seq":12}\n', 12],
  ['{"msg":"a","log.seq":12}', 12],
  ['{"log.seq":3,"msg":"a","log.seq":12}\n', 12],
  ['{"msg":"a"}\n', undefined],
  ['{"msg":"a","log.seq":null}\n', undefined],
  ['', undefined],
] as const)('the number of %j is %j', ([line, sequence]) => {
  expect(sequenceOf(line)).toBe(sequence);
});

/** Lines with these numbers. */
const linesOf = (...numbers: number[]) => numbers.map((number) => `{"msg":"a","log.seq":${number}}\n`);

test('neighbours are reported as a range, once', () => {
  const lost = createLostSequences('file');
  lost.add(linesOf(12, 3, 4, 5, 9));
  lost.add([...linesOf(10, 6), 'no object\n']);
  expect(lost.report()).toBe('3-6, 9-10, 12');
  expect(lost.report()).toBe('');
});

test('a report has at most 100 ranges, and the last one covers the rest', () => {
  const lost = createLostSequences('file');
  lost.add(linesOf(...Array.from({ length: 1_000 }, (_, index) => 2 * index + 1)));
  const ranges = lost.report().split(', ');
  expect(ranges).toHaveLength(100);
  expect(ranges.at(-1)).toBe('199-1999');
});

test('the next report repeats what a lost report of the same destination said', () => {
  const lost = createLostSequences('file');
  const report = (destination: string, sequence: number) =>
    `{"level":"warn","destination":"${destination}","lost_lines":4,"lost_sequences":"3-5, 7","msg":"a","log.seq":${sequence}}\n`;
  lost.add([report('stdout', 8)]);
  expect(lost.report()).toBe('8');
  lost.add([report('file', 8)]);
  expect(lost.report()).toBe('3-5, 7-8');
});

test('a text that takes no number has none', () => {
  const lost = createLostSequences('file');
  lost.add(['no object, but ,"log.seq":12 in it\n']);
  expect(lost.report()).toBe('');
});
