/** Says whether something with a probability happens this time; nothing that is `undefined` does. */
export type Chance = (probability: number | undefined) => boolean;

/** @param random draws a number from 0 to below 1; from a seed, the same things happen each time */
export function createChance(random: () => number): Chance {
  return (probability) => probability !== undefined && random() < probability;
}
