import { expect, test } from 'vitest';
import { createSeededChance } from './chance.ts';

/** Whether each of so many things with this probability happens. */
function strikes(seed: number, count: number, probability = 0.5): boolean[] {
  const chance = createSeededChance(seed);
  return Array.from({ length: count }, () => chance(probability));
}

const seeds = Array.from({ length: 400 }, (_, seed) => seed);

test('the same seed gives the same strikes, another seed others', () => {
  expect(strikes(7, 64)).toEqual(strikes(7, 64));
  expect(new Set(seeds.map((seed) => strikes(seed, 64).join())).size).toBe(seeds.length);
});

test('the first strikes of neighbouring seeds are no more alike than any', () => {
  for (const draw of [0, 1, 2]) {
    const struck = seeds.filter((seed) => strikes(seed, draw + 1, 0.2)[draw]).length;
    // 80 of 400 are to be expected; outside of five standard deviations is not chance.
    expect(struck).toBeGreaterThan(40);
    expect(struck).toBeLessThan(120);
  }
});

test('what has no probability never happens', () => {
  expect(createSeededChance(1)(undefined)).toBe(false);
});
