/** A few buffers that are filled in turn while others are on their way. */
export interface ChunkPool {
  /** A buffer that nobody reads any more; waits for one when all are on their way. */
  acquire(): Promise<Uint8Array>;
  /** Gives a buffer back. */
  release(chunk: Uint8Array): void;
}

/** Makes a pool. What is sent from it takes its memory and no more, however large the page and slow the reader is. */
export function createChunkPool({ count, size }: { readonly count: number; readonly size: number }): ChunkPool {
  const free: Uint8Array[] = [];
  const waiting: ((chunk: Uint8Array) => void)[] = [];
  let made = 0;
  return {
    async acquire() {
      const chunk = free.pop();
      if (chunk !== undefined) return chunk;
      if (made === count) return new Promise((resolve) => waiting.push(resolve));
      made += 1;
      return Buffer.allocUnsafeSlow(size);
    },
    release(chunk) {
      const next = waiting.shift();
      if (next === undefined) free.push(chunk);
      else next(chunk);
    },
  };
}
