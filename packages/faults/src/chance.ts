import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Says whether something with a probability happens this time; nothing that is `undefined` does. */
export type Chance = (probability: number | undefined) => boolean;

/** @param random draws a number from 0 to below 1 */
export function createChance(random: () => number): Chance {
  return (probability) => probability !== undefined && random() < probability;
}

/** Makes draws of which the same happen each time from the same seed, and others from any other. */
export function createSeededChance(seed: number): Chance {
  const generator = xoroshiro128plus(seed);
  // The first draws of neighbouring seeds are alike, and another part of a service may draw from the same seed.
  generator.jump();
  return createChance(() => uniformFloat64(generator));
}
