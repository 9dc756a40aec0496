import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Decides at random whether an event with the given probability happens; `undefined` never does. */
export type Chance = (probability: number | undefined) => boolean;

/** @param random returns a number from 0 (inclusive) to 1 (exclusive) */
export function createChance(random: () => number): Chance {
  return (probability) => probability !== undefined && random() < probability;
}

/** Makes a sequence of random decisions that depends only on the seed. */
export function createSeededChance(seed: number): Chance {
  const generator = xoroshiro128plus(seed);
  // The first numbers of neighbouring seeds are similar, and another part of a service may use the same seed.
  generator.jump();
  return createChance(() => uniformFloat64(generator));
}
