import type { FamilySource } from '../exposition/family.ts';

/** Makes a generator of numbers from 0 to 1 from a seed (linear congruential). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** All lines of a source of blocks at one scrape. */
export async function readLines(source: FamilySource): Promise<string[]> {
  const blocks: Buffer[] = [];
  for (const family of await source()) {
    if (!('blocks' in family)) throw new TypeError(`${family.name} comes in samples, not in blocks`);
    // Buffer.from copies, because a block may be overwritten when the next one is requested.
    for (const block of family.blocks) blocks.push(Buffer.from(block));
  }
  const text = Buffer.concat(blocks).toString();
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
