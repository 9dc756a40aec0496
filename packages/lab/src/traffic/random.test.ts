import { expect, test } from 'vitest';
import { createRandom, type Random } from './random.ts';

const draws = 5_000;

/** Many draws of one kind from a seed. */
function drawn<T>(draw: (random: Random) => T, seed = 1): T[] {
  const random = createRandom(seed);
  return Array.from({ length: draws }, () => draw(random));
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

test('the same seed gives the same decisions, and another seed gives others', () => {
  const story = (random: Random) => [random.chance(0.5), random.between(1, 100), random.around(1_000)];
  expect(drawn(story, 3)).toEqual(drawn(story, 3));
  expect(drawn(story, 4)).not.toEqual(drawn(story, 3));
});

test('neighbouring seeds and streams of one seed are independent from the start', () => {
  const firstDraws = [1, 2, 3].flatMap((seed) =>
    [0, 1, 2, 3].map((stream) => createRandom(seed, stream).around(1_000)),
  );
  const sorted = firstDraws.toSorted((one, other) => one - other);
  expect((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)).toBeGreaterThan(500);
  expect(new Set(firstDraws.map(Math.round)).size).toBeGreaterThan(10);
});

test('an event happens with its probability', () => {
  for (const probability of [0.1, 0.5, 0.9]) {
    const share = mean(drawn((random) => Number(random.chance(probability))));
    expect(Math.abs(share - probability)).toBeLessThan(0.03);
  }
  expect(drawn((random) => random.chance(0))).not.toContain(true);
  expect(drawn((random) => random.chance(1))).not.toContain(false);
});

test('an integer between two bounds is uniform and includes both', () => {
  const numbers = drawn((random) => random.between(2, 5));
  expect(new Set(numbers)).toEqual(new Set([2, 3, 4, 5]));
  for (const number of [2, 3, 4, 5]) {
    expect(Math.abs(numbers.filter((drawnNumber) => drawnNumber === number).length / draws - 0.25)).toBeLessThan(0.03);
  }
  expect(drawn((random) => random.between(7, 7))).toEqual(Array(draws).fill(7));
});

test('a time is uniform between half and one and a half times the given one', () => {
  const times = drawn((random) => random.around(1_000));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(500);
  expect(Math.max(...times)).toBeLessThan(1_500);
  expect(Math.abs(mean(times) - 1_000)).toBeLessThan(20);
});
