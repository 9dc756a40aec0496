import { expect, test } from 'vitest';
import { draw, subKey } from './draw.ts';

const many = 20_000;
const drawsOf = (key: number) => Array.from({ length: many }, (_, index) => draw(key, index));
const meanOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

test('what is drawn depends on the key and the index alone', () => {
  expect(drawsOf(7)).toEqual(drawsOf(7));
  expect(draw(7, 3)).not.toBe(draw(8, 3));
  expect(draw(7, 3)).not.toBe(draw(7, 4));
});

test.for([0, 1, 2 ** 31, subKey(1, 0)])('draws of key %d are spread evenly from 0 to below 1', (key) => {
  const tenths = new Array(10).fill(0);
  // A draw of 1 or more, or below 0, would be an eleventh.
  for (const number of drawsOf(key)) tenths[Math.floor(10 * number)] += 1;
  expect(tenths).toHaveLength(10);
  // Five standard deviations of a count of 2000.
  for (const count of tenths) expect(Math.abs(count - many / 10)).toBeLessThan(5 * Math.sqrt(many / 10));
});

test('neighbouring keys and neighbouring indexes have nothing in common', () => {
  const [one, other] = [drawsOf(subKey(1, 0)), drawsOf(subKey(1, 1))];
  const products = (numbers: readonly number[], others: readonly number[]) =>
    meanOf(numbers.map((number, index) => (number - 0.5) * ((others[index] ?? 0) - 0.5)));
  expect(Math.abs(products(one, other))).toBeLessThan(0.003);
  expect(Math.abs(products(one, [...one.slice(1), 0.5]))).toBeLessThan(0.003);
});
