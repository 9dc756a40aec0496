import { randomBytes } from 'node:crypto';
import { createTextReader } from './block-text.ts';
import { createLabelHash } from './label-hash.ts';
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
import { createRowIndex } from './row-index.ts';

/** The rows of a table, in blocks without gaps. */
export interface RowStore {
  readonly size: number;
  /** The row with these labels, if there is one. */
  find(labels: Uint8Array): PlacedRow | undefined;
  /** Adds a row with labels that no row has. */
  add(labels: Uint8Array): PlacedRow;
  /** @throws TypeError if the row belongs to another table. */
  remove(row: PlacedRow): void;
  clear(): void;
  get(row: PlacedRow, column: number): number | undefined;
  /** @throws TypeError if the row belongs to another table. */
  set(row: PlacedRow, column: number, value: number): void;
  /** The lines of these columns for the rows that are there when the first block is asked for. */
  read(columns: readonly number[], isPlain: (rowCount: number) => boolean): Iterable<Uint8Array>;
}

/**
 * Makes an empty store.
 *
 * A row that is removed leaves its place to the last one. A scrape that goes on meanwhile must meet each row once, so it
 * keeps the blocks that it began with: a block whose rows change is copied before, at most once for each scrape and only
 * while one is under way. A row that is added stands behind all that the scrape looks at. Values need no copy: those of a
 * block are read when the block is.
 *
 * @param frames the frame of each column's lines
 */
export function createRowStore(frames: readonly LineFrame[]): RowStore {
  let blocks: RowBlock[] = [];
  let size = 0;
  /** Scrapes so far. */
  let epoch = 0;
  /** Scrapes under way. One whose iterator was dropped without an end stays, and costs the copies alone. */
  let readers = 0;
  const seed = randomBytes(8);
  const hashOf = createLabelHash([seed.readInt32LE(0), seed.readInt32LE(4)]);
  const index = createRowIndex((position) => blocks[blockOf(position)]?.hashes[placeOf(position)] ?? 0);

  function blockAt(position: number): RowBlock {
    const block = blocks[blockOf(position)];
    if (block === undefined) throw new RangeError(`there is no row ${position} among ${size}`);
    return block;
  }

  function changeableBlockAt(position: number): RowBlock {
    const block = blockAt(position);
    if (readers === 0 || block.epoch === epoch) return block;
    const copy = copyRowBlock(block, epoch);
    blocks[blockOf(position)] = copy;
    return copy;
  }

  function checkOwner(row: PlacedRow, block: RowBlock | undefined): asserts block is RowBlock {
    if (block?.rows[placeOf(row.position)] !== row) {
      throw new TypeError('the row belongs to another table; use it with the table whose add() returned it');
    }
  }

  function findPosition(labels: Uint8Array, hash: number): number {
    return index.find(hash, (position) => hasLabels(blockAt(position), placeOf(position), labels));
  }

  function* read(columns: readonly number[], isPlain: (rowCount: number) => boolean): Generator<Uint8Array> {
    const reader = createTextReader();
    const rowCount = size;
    const seen = blocks.slice(0, Math.ceil(rowCount / rowsPerBlock));
    const readBlock = isPlain(rowCount) ? reader.readPlain : reader.read;
    epoch += 1;
    readers += 1;
    try {
      for (const column of columns) {
        for (const [number, block] of seen.entries()) {
          yield readBlock(block, column, Math.min(rowsPerBlock, rowCount - number * rowsPerBlock));
        }
      }
    } finally {
      readers -= 1;
    }
  }

  return {
    get size() {
      return size;
    },

    find(labels) {
      const position = findPosition(labels, hashOf(labels));
      return position < 0 ? undefined : blockAt(position).rows[placeOf(position)];
    },

    add(labels) {
      const hash = hashOf(labels);
      const row = { position: size };
      const number = blockOf(size);
      const before = blocks[number - 1];
      // Labels of rows are about as long as those of the rows before them.
      const roomOf = (column: number) =>
        before === undefined ? 0 : Math.ceil(textLength(before, column, rowsPerBlock) * 1.02);
      const block = blocks[number] ?? createRowBlock(frames, epoch, roomOf);
      blocks[number] = block;
      appendRow(block, row, hash, labels);
      index.add(hash, size);
      size += 1;
      return row;
    },

    remove(row) {
      const { position } = row;
      if (position < 0) return;
      const owner = blocks[blockOf(position)];
      checkOwner(row, owner);
      index.remove(owner.hashes[placeOf(position)] ?? 0, position);
      const last = size - 1;
      const taken = takeLastRow(changeableBlockAt(last));
      if (taken !== undefined && taken.row !== row) {
        replaceRow(changeableBlockAt(position), placeOf(position), taken);
        index.move(taken.hash, last, position);
        taken.row.position = position;
      }
      row.position = -1;
      size = last;
      // Half a block of slack: rows that come and go at the edge of a block do not make it anew each time.
      blocks.length = Math.min(blocks.length, blockOf(size + rowsPerBlock / 2) + 1);
    },

    clear() {
      for (const { rows } of blocks) for (const row of rows) row.position = -1;
      blocks = [];
      size = 0;
      index.clear();
    },

    get(row, column) {
      if (row.position < 0) return undefined;
      const block = blocks[blockOf(row.position)];
      checkOwner(row, block);
      return block.values[placeOf(row.position) * frames.length + column];
    },

    set(row, column, value) {
      const { position } = row;
      if (position < 0) return;
      const block = blocks[blockOf(position)];
      checkOwner(row, block);
      const place = placeOf(position);
      const at = place * frames.length + column;
      if (block.values[at] === value) return;
      block.values[at] = value;
      markChanged(block, column, place);
    },

    read: (columns, isPlain) => ({ [Symbol.iterator]: () => read(columns, isPlain) }),
  };
}

function blockOf(position: number): number {
  return Math.floor(position / rowsPerBlock);
}

function placeOf(position: number): number {
  return position % rowsPerBlock;
}

/** Whether the row has these labels: its line in the first column says. */
function hasLabels(block: RowBlock, place: number, labels: Uint8Array): boolean {
  const text = block.texts[0]?.bytes;
  const start = textLength(block, 0, place) + (block.frames[0]?.head.length ?? 0);
  const length = (block.labelEnds[place + 1] ?? 0) - (block.labelEnds[place] ?? 0);
  if (text === undefined || length !== labels.length) return false;
  for (let at = 0; at < length; at += 1) if (text[start + at] !== labels[at]) return false;
  return true;
}
