/** Cuts the pieces of a page into chunks of one size. */
export interface ChunkReader {
  /**
   * Fills a chunk. A piece of bytes is taken whole before this returns, so it may be written over afterwards.
   *
   * @returns how many bytes there are in it: fewer than it holds only at the end of the page
   */
  read(chunk: Uint8Array): number;
  /** Lets go of the page before its end. */
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
