import { expect, test } from 'vitest';
import { createSeededChance } from './chance.ts';

/** Whether each of `count` events with this probability happens. */
function eventsOf(seed: number, count: number, probability = 0.5): boolean[] {
  const chance = createSeededChance(seed);
  return Array.from({ length: count }, () => chance(probability));
}

const seeds = Array.from({ length: 400 }, (_, seed) => seed);

test('the same seed gives the same decisions, another seed others', () => {
  expect(eventsOf(7, 64)).toEqual(eventsOf(7, 64));
  expect(new Set(seeds.map((seed) => eventsOf(seed, 64).join())).size).toBe(seeds.length);
});

test('the first decisions of neighbouring seeds are independent', () => {
  for (const draw of [0, 1, 2]) {
    const struck = seeds.filter((seed) => eventsOf(seed, draw + 1, 0.2)[draw]).length;
    // 80 of 400 are to be expected; outside of five standard deviations is not chance.
    expect(struck).toBeGreaterThan(40);
    expect(struck).toBeLessThan(120);
  }
});

test('an event without a probability never happens', () => {
  expect(createSeededChance(1)(undefined)).toBe(false);
});
