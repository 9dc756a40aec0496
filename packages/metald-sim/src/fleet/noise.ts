/** Steps of the golden ratio spread neighbouring numbers over the whole range. */
const goldenStep = 0x9e3779b1;

/**
 * Deterministic noise: a number from 0 to below 1 that is a pure function of a key and an index. Unlike a generator it has
 * no state: the hundredth second of a VM has the same number whether the 99 before it were read or not.
 */
export function noiseAt(key: number, index: number): number {
  return scramble(scramble(key) ^ Math.imul(index, goldenStep)) / 2 ** 32;
}

/** Derives the key of a part from the key of the whole. */
export function subKey(key: number, part: number): number {
  return scramble(key + Math.imul(part + 1, goldenStep));
}

/** Mixes all bits of a number into all others (the last step of MurmurHash3). Result: 0 to 2^32 - 1. */
function scramble(number: number): number {
  let bits = number | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
