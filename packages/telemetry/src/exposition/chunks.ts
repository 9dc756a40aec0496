/** Cuts the pieces of a page into chunks of one size. */
export interface ChunkReader {
  /**
   * Fills a chunk. A piece of bytes is copied before this returns, so its owner may overwrite it afterwards.
   *
   * @returns how many bytes were filled: fewer than the chunk holds only at the end of the page
   */
  read(chunk: Uint8Array): number;
  /** Ends the page early. */
  close(): void;
}

const encoder = new TextEncoder();

/** Makes a reader of a page. */
export function readChunks(pieces: Iterable<string | Uint8Array, void>): ChunkReader {
  const iterator = pieces[Symbol.iterator]();
  /** Bytes that did not fit into the last chunk. */
  let rest = new Uint8Array(0);
  let restEnd = 0;
  let restStart = 0;

  function keep(bytes: Uint8Array): void {
    if (rest.length < bytes.length) rest = new Uint8Array(bytes.length);
    rest.set(bytes);
    restStart = 0;
    restEnd = bytes.length;
  }

  function put(bytes: Uint8Array, chunk: Uint8Array, at: number): number {
    const room = chunk.length - at;
    if (bytes.length <= room) {
      chunk.set(bytes, at);
      return bytes.length;
    }
    chunk.set(bytes.subarray(0, room), at);
    keep(bytes.subarray(room));
    return room;
  }

  return {
    read(chunk) {
      const fromRest = Math.min(restEnd - restStart, chunk.length);
      chunk.set(rest.subarray(restStart, restStart + fromRest));
      restStart += fromRest;
      let filled = fromRest;
      while (filled < chunk.length) {
        const { value: piece, done } = iterator.next();
        if (done === true) return filled;
        if (typeof piece !== 'string') {
          filled += put(piece, chunk, filled);
          continue;
        }
        const { read, written } = encoder.encodeInto(piece, chunk.subarray(filled));
        filled += written;
        if (read < piece.length) filled += put(encoder.encode(piece.slice(read)), chunk, filled);
      }
      return filled;
    },
    close() {
      iterator.return?.();
    },
  };
}

/** A few buffers that are filled in turn while others are being sent. */
export interface ChunkPool {
  /** A buffer that nobody reads any more; waits for one when all are being sent. */
  acquire(): Promise<Uint8Array>;
  /** Returns a buffer to the pool. */
  release(chunk: Uint8Array): void;
}

/** Makes a pool. Its memory is all that sending takes, however large the page and however slow the reader. */
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
