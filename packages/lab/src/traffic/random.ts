import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Draws for a story: the same seed gives the same ones. */
export interface Random {
  /** Whether something happens that has this chance, 0 to 1. */
  chance(probability: number): boolean;
  /** A whole number between the two, both included. */
  between(from: number, to: number): number;
  /** A time around this one, from half of it to one and a half. */
  around(milliseconds: number): number;
}

/** Makes a source of draws. */
export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return {
    chance: (probability) => uniformFloat64(generator) < probability,
    between: (from, to) => uniformInt(generator, from, to),
    around: (milliseconds) => milliseconds * (0.5 + uniformFloat64(generator)),
  };
}
