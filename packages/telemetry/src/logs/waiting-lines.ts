/** A queue of lines that wait for their destination, limited in bytes. */
export interface WaitingLines {
  /** Number of lines, including one that was written in part. */
  readonly count: number;
  /** @returns whether there was room; an empty queue accepts a line of any length */
  add(line: string): boolean;
  /** The first line, or the rest of it. */
  front(): string | Uint8Array;
  /** Removes the bytes of `front()` that were written, and the line with its last byte. */
  took(bytes: number): void;
  /** Restores the whole first line, for a destination that does not have its beginning. */
  rewind(): void;
  /** Removes all lines. @returns those lines */
  clear(): readonly string[];
}

/** Makes an empty queue of lines. */
export function createWaitingLines(maxBytes: number): WaitingLines {
  let lines: string[] = [];
  /** Index of the first line. It avoids `shift()`, which moves all other lines. */
  let first = 0;
  let bytes = 0;
  let restOfFirst: Uint8Array | undefined;

  return {
    get count() {
      return lines.length - first;
    },
    add(line) {
      const length = Buffer.byteLength(line);
      if (bytes > 0 && bytes + length > maxBytes) return false;
      bytes += length;
      lines.push(line);
      return true;
    },
    front() {
      return restOfFirst ?? lines[first] ?? '';
    },
    took(count) {
      const line = lines[first] ?? '';
      const rest = (restOfFirst ?? Buffer.from(line)).subarray(count);
      restOfFirst = rest.length > 0 ? rest : undefined;
      if (restOfFirst !== undefined) return;
      bytes -= Buffer.byteLength(line);
      first += 1;
      if (first < 1_000 && first < lines.length) return;
      lines = lines.slice(first);
      first = 0;
    },
    rewind() {
      restOfFirst = undefined;
    },
    clear() {
      const given = lines.slice(first);
      lines = [];
      first = 0;
      bytes = 0;
      restOfFirst = undefined;
      return given;
    },
  };
}
