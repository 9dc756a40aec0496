import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';
import { readIfThere } from './write-ahead-log.ts';

/** Bytes of a page: SQLite's default, which no ledger has changed. */
export const pageSize = 4_096;

/** The first number of the file. They differ in so many bits that damage does not make one the other. */
const marks = { opening: 0x5566_99aa, open: 0x0f5a_c396, closed: 0xf0a5_3c69 };

/**
 * Where the ledger is: `opening`, in its file and, if there is one, its log; `open`, in its file and its log; `closed`, in its
 * file.
 */
type SavedState = keyof typeof marks;

/** Numbers that are written at once. */
const blockLength = 1_024;

/** What the file of checksums says of the ledger: `none` when there is none, `empty` when they are to be made again. */
type SumsState = SavedState | 'none' | 'empty' | 'damaged';

/**
 * Checksums of the pages of the ledger, in `FILE-sums`: the CRC-32 of each page at 4 times its number, since the SQLite of Node
 * has none. They are those of the file without its log, whose frames have checksums of their own.
 */
export interface PageSums {
  readonly state: SumsState;
  /** The pages that do not have their checksum, except some that are read from the log. */
  damagedPages(except: ReadonlyMap<number, number>): number[];
  /** Whether a page has this checksum. */
  has(page: number, crc: number): boolean;
  set(page: number, crc: number): void;
  /** Makes the checksums of the whole file. */
  setAll(): void;
  /** Writes the changed checksums and the state to disk. @throws the error of the file system */
  save(state: SavedState): void;
  /** Empties the file, which needs no room on the disk, so that it does not have old checksums. The next `save` makes it again. */
  forget(): void;
  close(): void;
}

/** Reads the checksums of a ledger. */
export function openPageSums(database: string): PageSums {
  const path = sumsPath(database);
  const stored = readIfThere(path);
  let numbers = new Uint32Array(Math.max(blockLength, Math.ceil((stored?.length ?? 0) / 4)));
  for (let index = 0; index < Math.floor((stored?.length ?? 0) / 4); index++) {
    numbers[index] = stored?.readUInt32LE(4 * index) ?? 0;
  }
  /** Pages that have a checksum. */
  let pages = Math.max(0, Math.floor((stored?.length ?? 0) / 4) - 1);
  const changed = new Set<number>();
  let descriptor: number | undefined;
  let isNew = ['none', 'empty'].includes(stateOf(stored));

  function put(index: number, number: number): void {
    if (index >= numbers.length) {
      const larger = new Uint32Array(2 * Math.max(numbers.length, index));
      larger.set(numbers);
      numbers = larger;
    }
    numbers[index] = number;
    changed.add(Math.floor(index / blockLength));
  }
  function set(page: number, crc: number): void {
    put(page, crc);
    pages = Math.max(pages, page);
  }
  /** Creates the file whole, so that a crash leaves none or all of it. */
  function create(): number {
    const temporary = `${path}.new`;
    const bytes = Buffer.alloc(4 * (pages + 1));
    for (let index = 0; index <= pages; index++) bytes.writeUInt32LE(numbers[index] ?? 0, 4 * index);
    writeFileSync(temporary, bytes, { mode: 0o600, flush: true });
    renameSync(temporary, path);
    return openSync(path, 'r+');
  }
  function save(state: SavedState): void {
    put(0, marks[state]);
    descriptor ??= isNew ? create() : openSync(path, 'r+');
    isNew = false;
    const block = Buffer.alloc(4 * blockLength);
    for (const number of changed) {
      const from = number * blockLength;
      const length = Math.min(blockLength, pages + 1 - from);
      for (let at = 0; at < length; at++) block.writeUInt32LE(numbers[from + at] ?? 0, 4 * at);
      writeSync(descriptor, block, 0, 4 * length, 4 * from);
    }
    fsyncSync(descriptor);
    changed.clear();
  }

  return {
    state: stateOf(stored),
    damagedPages(except) {
      const damaged: number[] = [];
      const inFile = readPages(database, (page, crc) => {
        if (!except.has(page) && (page > pages || numbers[page] !== crc)) damaged.push(page);
      });
      for (let page = inFile + 1; page <= pages; page++) if (!except.has(page)) damaged.push(page);
      return damaged;
    },
    has: (page, crc) => page <= pages && numbers[page] === crc,
    set,
    setAll() {
      pages = 0;
      readPages(database, set);
    },
    save,
    forget() {
      if (descriptor === undefined) return;
      ftruncateSync(descriptor);
      closeSync(descriptor);
      descriptor = undefined;
      isNew = true;
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

/** The file with the checksums of a ledger. */
export function sumsPath(database: string): string {
  return `${database}-sums`;
}

function stateOf(stored: Buffer | undefined): SumsState {
  if (stored === undefined) return 'none';
  if (stored.length === 0) return 'empty';
  if (stored.length < 4 || stored.length % 4 !== 0) return 'damaged';
  const mark = stored.readUInt32LE(0);
  return (['opening', 'open', 'closed'] as const).find((state) => marks[state] === mark) ?? 'damaged';
}

/** Says in a copy of checksums that the copy of the ledger needs no log. */
export function markClosed(database: string): void {
  const descriptor = openSync(sumsPath(database), 'r+');
  try {
    const mark = Buffer.alloc(4);
    mark.writeUInt32LE(marks.closed);
    writeSync(descriptor, mark, 0, 4, 0);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a file page by page. @returns the number of pages; an incomplete one at the end counts */
function readPages(path: string, take: (page: number, crc: number) => void): number {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return 0;
  const descriptor = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(256 * pageSize);
    let page = 0;
    for (let at = 0; ; ) {
      const read = readSync(descriptor, chunk, 0, chunk.length, at);
      if (read === 0) return page;
      for (let from = 0; from < read; from += pageSize) {
        page += 1;
        take(page, crc32(chunk.subarray(from, Math.min(read, from + pageSize))));
      }
      at += read;
    }
  } finally {
    closeSync(descriptor);
  }
}
