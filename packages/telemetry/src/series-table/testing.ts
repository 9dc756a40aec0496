import type { FamilySource } from '../exposition/family.ts';

/** Draws numbers from 0 to 1, the same ones for the same seed: a linear congruential generator. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** All lines that a source of blocks yields at one scrape. */
export async function readLines(source: FamilySource): Promise<string[]> {
  const blocks: Buffer[] = [];
  for (const family of await source()) {
    if (!('blocks' in family)) throw new TypeError(`${family.name} comes in samples, not in blocks`);
    // Buffer.from copies; a block may be written over when the next one is asked for.
    for (const block of family.blocks) blocks.push(Buffer.from(block));
  }
  const text = Buffer.concat(blocks).toString();
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
