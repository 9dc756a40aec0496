import { expect, test } from 'vitest';
import { noiseAt, subKey } from './noise.ts';

const many = 20_000;
const noiseOf = (key: number) => Array.from({ length: many }, (_, index) => noiseAt(key, index));
const meanOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

test('noise depends on the key and the index alone', () => {
  expect(noiseOf(7)).toEqual(noiseOf(7));
  expect(noiseAt(7, 3)).not.toBe(noiseAt(8, 3));
  expect(noiseAt(7, 3)).not.toBe(noiseAt(7, 4));
});

test.for([0, 1, 2 ** 31, subKey(1, 0)])('noise of key %d is spread evenly from 0 to below 1', (key) => {
  const tenths = new Array(10).fill(0);
  // A number of 1 or more, or below 0, would be an eleventh.
  for (const number of noiseOf(key)) tenths[Math.floor(10 * number)] += 1;
  expect(tenths).toHaveLength(10);
  // Five standard deviations of a count of 2000.
  for (const count of tenths) expect(Math.abs(count - many / 10)).toBeLessThan(5 * Math.sqrt(many / 10));
});

test('neighbouring keys and neighbouring indexes are not correlated', () => {
  const [one, other] = [noiseOf(subKey(1, 0)), noiseOf(subKey(1, 1))];
  const products = (numbers: readonly number[], others: readonly number[]) =>
    meanOf(numbers.map((number, index) => (number - 0.5) * ((others[index] ?? 0) - 0.5)));
  expect(Math.abs(products(one, other))).toBeLessThan(0.003);
  expect(Math.abs(products(one, [...one.slice(1), 0.5]))).toBeLessThan(0.003);
});
