import { seededGenerator } from '@vmobs/metald-sim/random';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';

/** Draws for a story: the same seed gives the same ones. */
export interface Random {
  /** Whether something happens that has this chance, 0 to 1. */
  chance(probability: number): boolean;
  /** A whole number between the two, both included. */
  between(from: number, to: number): number;
  /** A time around this one, from half of it to one and a half. */
  around(milliseconds: number): number;
}

/** Makes a source of draws; streams of one seed are independent. */
export function createRandom(seed: number, stream = 0): Random {
  const generator = seededGenerator(seed, stream);
  return {
    chance: (probability) => uniformFloat64(generator) < probability,
    between: (from, to) => uniformInt(generator, from, to),
    around: (milliseconds) => milliseconds * (0.5 + uniformFloat64(generator)),
  };
}
