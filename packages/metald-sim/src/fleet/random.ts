import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** Outputs to skip: the first ones of neighbouring seeds are correlated, the very first is nearly the seed itself. */
const warmUp = 64;

/**
 * Makes a generator of random numbers. The same seed and stream give the same numbers; different streams of one seed are
 * independent, so one may take more numbers without changing those of another.
 */
export function seededGenerator(seed: number, stream = 0): RandomGenerator {
  // Steps of the golden ratio spread streams over all seeds.
  const generator = xoroshiro128plus((seed + Math.imul(stream, 0x9e3779b1)) | 0);
  for (let count = 0; count < warmUp; count += 1) generator.next();
  return generator;
}
