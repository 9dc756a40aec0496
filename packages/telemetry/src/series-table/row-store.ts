import { randomBytes } from 'node:crypto';
import { createTextReader } from './block-text.ts';
import { createLabelHash, type LabelHash } from './label-hash.ts';
import {
  appendRow,
  copyRowBlock,
  createRowBlock,
  type LineFrame,
  markChanged,
  type PlacedRow,
  type RowBlock,
  replaceRow,
  rowsPerBlock,
  takeLastRow,
  textLength,
} from './row-block.ts';
import { createRowIndex, type RowIndex } from './row-index.ts';

/** The rows of a table, in blocks without gaps. */
export interface RowStore {
  readonly size: number;
  /** The row with these labels, if there is one. */
  find(labels: Uint8Array): PlacedRow | undefined;
  /** Adds a row. No other row may have its labels. */
  add(labels: Uint8Array): PlacedRow;
  /** @throws TypeError if the row belongs to another table. */
  remove(row: PlacedRow): void;
  clear(): void;
  get(row: PlacedRow, column: number): number | undefined;
  /** @throws TypeError if the row belongs to another table. */
  set(row: PlacedRow, column: number, value: number): void;
  /** The lines of these columns, for the rows that exist when the first block is requested. */
  read(columns: readonly number[], isPlain: (rowCount: number) => boolean): Iterable<Uint8Array>;
}

/**
 * Makes an empty store.
 *
 * The last row takes the place of a removed one. A concurrent scrape must still see each row once, so it keeps the blocks that
 * it started with: a block is copied before its rows change, at most once per scrape and only while one is running. Added rows
 * come after all rows that the scrape reads. Values need no copy: those of a block are read when the block is.
 *
 * @param frames the frame of each column's lines
 */
export function createRowStore(frames: readonly LineFrame[]): RowStore {
  return new BlockRowStore(frames);
}

class BlockRowStore implements RowStore {
  size = 0;
  readonly #frames: readonly LineFrame[];
  #blocks: RowBlock[] = [];
  /** Number of scrapes so far. */
  #epoch = 0;
  /** Running scrapes. One whose iterator was dropped early stays counted, and only causes more copies. */
  #readers = 0;
  readonly #hashOf: LabelHash;
  readonly #index: RowIndex;

  constructor(frames: readonly LineFrame[]) {
    this.#frames = frames;
    const key = randomBytes(8);
    this.#hashOf = createLabelHash([key.readInt32LE(0), key.readInt32LE(4)]);
    this.#index = createRowIndex((position) => this.#blocks[blockOf(position)]?.hashes[placeOf(position)] ?? 0);
  }

  find(labels: Uint8Array): PlacedRow | undefined {
    const position = this.#index.find(this.#hashOf(labels), (candidate) =>
      hasLabels(this.#blockAt(candidate), placeOf(candidate), labels),
    );
    return position < 0 ? undefined : this.#blockAt(position).rows[placeOf(position)];
  }

  add(labels: Uint8Array): PlacedRow {
    const hash = this.#hashOf(labels);
    const row = { position: this.size };
    appendRow(this.#lastBlock(), row, hash, labels);
    this.#index.add(hash, this.size);
    this.size += 1;
    return row;
  }

  remove(row: PlacedRow): void {
    const { position } = row;
    if (position < 0) return;
    const owner = this.#blocks[blockOf(position)];
    checkOwner(row, owner);
    this.#index.remove(owner.hashes[placeOf(position)] ?? 0, position);
    const last = this.size - 1;
    const taken = takeLastRow(this.#changeableBlockAt(last));
    if (taken !== undefined && taken.row !== row) {
      replaceRow(this.#changeableBlockAt(position), placeOf(position), taken);
      this.#index.move(taken.hash, last, position);
      taken.row.position = position;
    }
    row.position = -1;
    this.size = last;
    // Keep half a block in reserve, so that rows added and removed at the edge of a block do not allocate it each time.
    this.#blocks.length = Math.min(this.#blocks.length, blockOf(last + rowsPerBlock / 2) + 1);
  }

  clear(): void {
    for (const { rows } of this.#blocks) for (const row of rows) row.position = -1;
    this.#blocks = [];
    this.size = 0;
    this.#index.clear();
  }

  get(row: PlacedRow, column: number): number | undefined {
    if (row.position < 0) return undefined;
    const block = this.#blocks[blockOf(row.position)];
    checkOwner(row, block);
    return block.values[placeOf(row.position) * this.#frames.length + column];
  }

  set(row: PlacedRow, column: number, value: number): void {
    const { position } = row;
    if (position < 0) return;
    const block = this.#blocks[blockOf(position)];
    checkOwner(row, block);
    const place = placeOf(position);
    const at = place * this.#frames.length + column;
    if (block.values[at] === value) return;
    block.values[at] = value;
    markChanged(block, column, place);
  }

  read(columns: readonly number[], isPlain: (rowCount: number) => boolean): Iterable<Uint8Array> {
    return { [Symbol.iterator]: () => this.#readBlocks(columns, isPlain) };
  }

  *#readBlocks(columns: readonly number[], isPlain: (rowCount: number) => boolean): Generator<Uint8Array> {
    const reader = createTextReader();
    const rowCount = this.size;
    const seen = this.#blocks.slice(0, Math.ceil(rowCount / rowsPerBlock));
    const readBlock = isPlain(rowCount) ? reader.readPlain : reader.read;
    this.#epoch += 1;
    this.#readers += 1;
    try {
      for (const column of columns) {
        for (const [number, block] of seen.entries()) {
          yield readBlock(block, column, Math.min(rowsPerBlock, rowCount - number * rowsPerBlock));
        }
      }
    } finally {
      this.#readers -= 1;
    }
  }

  #blockAt(position: number): RowBlock {
    const block = this.#blocks[blockOf(position)];
    if (block === undefined) throw new RangeError(`there is no row ${position} among ${this.size}`);
    return block;
  }

  /** The block of a position, copied first if a running scrape still reads it. */
  #changeableBlockAt(position: number): RowBlock {
    const block = this.#blockAt(position);
    if (this.#readers === 0 || block.epoch === this.#epoch) return block;
    const copy = copyRowBlock(block, this.#epoch);
    this.#blocks[blockOf(position)] = copy;
    return copy;
  }

  /** The block for the next row; a new one if the last one is full. */
  #lastBlock(): RowBlock {
    const number = blockOf(this.size);
    const existing = this.#blocks[number];
    if (existing !== undefined) return existing;
    const before = this.#blocks[number - 1];
    // Expect labels of about the same length as in the block before.
    const roomOf = (column: number) =>
      before === undefined ? 0 : Math.ceil(textLength(before, column, rowsPerBlock) * 1.02);
    const block = createRowBlock(this.#frames, this.#epoch, roomOf);
    this.#blocks[number] = block;
    return block;
  }
}

function checkOwner(row: PlacedRow, block: RowBlock | undefined): asserts block is RowBlock {
  if (block?.rows[placeOf(row.position)] !== row) {
    throw new TypeError('the row belongs to another table; use it with the table whose add() returned it');
  }
}

function blockOf(position: number): number {
  return Math.floor(position / rowsPerBlock);
}

function placeOf(position: number): number {
  return position % rowsPerBlock;
}

/** Whether the row has these labels, according to its line in the first column. */
function hasLabels(block: RowBlock, place: number, labels: Uint8Array): boolean {
  const text = block.texts[0]?.bytes;
  const start = textLength(block, 0, place) + (block.frames[0]?.head.length ?? 0);
  const length = (block.labelEnds[place + 1] ?? 0) - (block.labelEnds[place] ?? 0);
  if (text === undefined || length !== labels.length) return false;
  for (let at = 0; at < length; at += 1) if (text[start + at] !== labels[at]) return false;
  return true;
}
