import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  countOf,
  createSequences,
  formatSequences,
  includes,
  parseSequences,
  type Sequences,
  subtract,
  unite,
  upTo,
} from './sequences.ts';

const numbers = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 });

function sequencesOf(values: readonly number[]): Sequences {
  const sequences = createSequences();
  for (const value of values) sequences.add(value);
  return sequences.ranges;
}

function valuesOf(ranges: Sequences): number[] {
  return ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

const sorted = (values: Iterable<number>) => [...new Set(values)].sort((one, other) => one - other);

test('numbers in any order become ascending ranges that do not touch', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const ranges = sequencesOf(values);
      expect(valuesOf(ranges)).toEqual(sorted(values));
      for (const [index, { first }] of ranges.entries()) {
        expect(first).toBeGreaterThan((ranges[index - 1]?.last ?? -1) + 1);
      }
      expect(countOf(ranges)).toBe(new Set(values).size);
      for (let value = 0; value < 42; value++) expect(includes(ranges, value)).toBe(values.includes(value));
    }),
  );
});

test('a difference, a union and a part are those of sets', () => {
  fc.assert(
    fc.property(numbers, numbers, (one, other) => {
      const [ofOne, ofOther] = [sequencesOf(one), sequencesOf(other)];
      expect(valuesOf(subtract(ofOne, ofOther))).toEqual(sorted(one.filter((value) => !other.includes(value))));
      expect(unite([...ofOther, ...ofOne])).toEqual(sequencesOf([...one, ...other]));
      expect(valuesOf(upTo(ofOne, 20))).toEqual(sorted(one.filter((value) => value <= 20)));
    }),
  );
});

test('a million numbers in order are one range', () => {
  const sequences = createSequences();
  for (let number = 1; number <= 1_000_000; number++) sequences.add(number);
  expect(sequences.ranges).toEqual([{ first: 1, last: 1_000_000 }]);
});

test('what is written can be read', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const ranges = sequencesOf(values);
      expect(parseSequences(formatSequences(ranges))).toEqual(ranges);
    }),
  );
  expect(formatSequences(sequencesOf([3, 7, 8, 9]))).toBe('3, 7-9');
});

test.for(['', 'all', '3,7', '1-', '-1', '3; 7'])('%j is no list of ranges', (text) => {
  expect(parseSequences(text)).toEqual([]);
});

test.for(['5-1', '0-3', '1-99999999999999999999'])('%s is no range', (text) => {
  expect(parseSequences(text)).toEqual([]);
});
