import { seededGenerator } from '@vmobs/metald-sim/random';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';

/** Random decisions of a client; the same seed gives the same ones. */
export interface Random {
  /** Whether an event with this probability, 0 to 1, happens. */
  chance(probability: number): boolean;
  /** An integer between the two, inclusive. */
  between(from: number, to: number): number;
  /** A time between half and one and a half times this one. */
  around(milliseconds: number): number;
}

/** Creates a source of random decisions; streams of one seed are independent. */
export function createRandom(seed: number, stream = 0): Random {
  const generator = seededGenerator(seed, stream);
  return {
    chance: (probability) => uniformFloat64(generator) < probability,
    between: (from, to) => uniformInt(generator, from, to),
    around: (milliseconds) => milliseconds * (0.5 + uniformFloat64(generator)),
  };
}
