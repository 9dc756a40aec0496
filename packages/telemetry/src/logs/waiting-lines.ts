/** Lines that wait for their destination, first come first out, up to a number of bytes. */
export interface WaitingLines {
  /** How many wait; one that was written in part is among them. */
  readonly count: number;
  /** @returns whether there was room for it; there always is for a line that waits alone, however long it is */
  add(line: string): boolean;
  /** What is to be written next: the first line, or what is left of it. */
  front(): string | Uint8Array;
  /** Notes how many bytes of `front()` were written; with its last byte a line waits no more. */
  took(bytes: number): void;
  /** Has the first line written whole once more, for a destination that has not seen its beginning. */
  rewind(): void;
  /** Gives up all that wait. @returns how many */
  clear(): number;
}

/** Makes an empty queue of lines. */
export function createWaitingLines(maxBytes: number): WaitingLines {
  let lines: string[] = [];
  /** Index of the first line that waits: taking from the front of an array moves all the others. */
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
      const count = lines.length - first;
      lines = [];
      first = 0;
      bytes = 0;
      restOfFirst = undefined;
      return count;
    },
  };
}
