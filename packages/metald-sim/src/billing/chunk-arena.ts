/** Bytes of a chunk: about fifty samples, so that little of it stays empty. */
export const chunkBytes = 1_024;

const chunksInSlab = 1_024;

/**
 * Makes an allocator of chunks of one size, for lists that grow a little at a time: ten thousand buffers that each grow by
 * copying would keep the garbage collector busy. The arena keeps all memory that it has ever used.
 */
export function createChunkArena() {
  const slabs: Buffer<ArrayBuffer>[] = [];
  const free: number[] = [];
  /** The next chunk of the same list. */
  let nexts = new Uint32Array(0);
  /** How many bytes of a chunk are used. */
  let lengths = new Uint16Array(0);

  function addSlab(): void {
    const first = slabs.length * chunksInSlab;
    slabs.push(Buffer.allocUnsafeSlow(chunksInSlab * chunkBytes));
    if (first >= nexts.length) {
      const capacity = Math.max(chunksInSlab, 2 * nexts.length);
      const [oldNexts, oldLengths] = [nexts, lengths];
      nexts = new Uint32Array(capacity);
      lengths = new Uint16Array(capacity);
      nexts.set(oldNexts);
      lengths.set(oldLengths);
    }
    for (let chunk = first + chunksInSlab - 1; chunk >= first; chunk -= 1) free.push(chunk);
  }

  return {
    /** Allocates a chunk. */
    take(): number {
      if (free.length === 0) addSlab();
      const chunk = free.pop() ?? 0;
      lengths[chunk] = 0;
      return chunk;
    },
    /** Frees a chunk. */
    giveBack(chunk: number): void {
      free.push(chunk);
    },
    /** The memory that contains a chunk; the chunk begins at `offsetOf`. */
    slabOf: (chunk: number): Buffer => slabs[Math.floor(chunk / chunksInSlab)] ?? Buffer.alloc(0),
    offsetOf: (chunk: number): number => (chunk % chunksInSlab) * chunkBytes,
    lengthOf: (chunk: number): number => lengths[chunk] ?? 0,
    setLength(chunk: number, length: number): void {
      lengths[chunk] = length;
    },
    nextOf: (chunk: number): number => nexts[chunk] ?? 0,
    setNext(chunk: number, next: number): void {
      nexts[chunk] = next;
    },
    /** Memory that the arena holds. */
    get byteLength() {
      return slabs.length * chunksInSlab * chunkBytes;
    },
  };
}
