import { slotWidth } from './value-slot.ts';

/**
 * Rows per block. A scrape writes and yields one column of a block at a time: about 80 kB of lines and, if all values have
 * changed, about 30 us of work.
 */
export const rowsPerBlock = 1024;

/** Number of 32-bit words with one bit per row of a block. */
export const wordsPerColumn = rowsPerBlock / 32;

/** The text of every line of a column around the labels of its row: `name{` and `,op="read"} `. */
export interface LineFrame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  /** Bytes of a line without the labels of its row. */
  readonly width: number;
}

/** Makes the frame of the lines of a column. */
export function createLineFrame(head: string, tail: string): LineFrame {
  const frame = { head: Buffer.from(head), tail: Buffer.from(tail) };
  return { ...frame, width: frame.head.length + frame.tail.length + slotWidth + 1 };
}

/** A row in the hands of its owner, with its current position. */
export interface PlacedRow {
  position: number;
}

/** The lines of a column, one after the other, with spare room at the end. */
export interface ColumnText {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Up to 1024 rows: their values as numbers and, column by column, their lines. */
export interface RowBlock {
  readonly frames: readonly LineFrame[];
  /** Number of the last scrape that started before the block was made; that scrape does not read it. */
  readonly epoch: number;
  readonly rows: PlacedRow[];
  readonly hashes: Int32Array;
  /** Element n is the total length of the labels of the first n rows, which is the same in all columns. */
  readonly labelEnds: Uint32Array;
  /** Row by row, because the values of a row are set together. */
  readonly values: Float64Array;
  /** One bit per value that is not written to its slot yet, column by column. */
  readonly changed: Int32Array;
  /** One bit per value that does not fit its slot. */
  readonly irregular: Int32Array;
  readonly texts: ColumnText[];
}

/** Makes an empty block. @param roomOf initial bytes of the lines of a column */
export function createRowBlock(
  frames: readonly LineFrame[],
  epoch: number,
  roomOf: (column: number) => number,
): RowBlock {
  return {
    frames,
    epoch,
    rows: [],
    hashes: new Int32Array(rowsPerBlock),
    labelEnds: new Uint32Array(rowsPerBlock + 1),
    values: new Float64Array(rowsPerBlock * frames.length),
    changed: new Int32Array(wordsPerColumn * frames.length),
    irregular: new Int32Array(wordsPerColumn * frames.length),
    texts: frames.map((_, column) => toColumnText(new Uint8Array(roomOf(column)))),
  };
}

/** Copies a block, so that a scrape continues with the old one while the copy is changed. */
export function copyRowBlock(block: RowBlock, epoch: number): RowBlock {
  return {
    frames: block.frames,
    epoch,
    // Shared, because only changes of rows read them, and those only happen in the copy.
    rows: block.rows,
    hashes: block.hashes,
    labelEnds: block.labelEnds.slice(),
    values: block.values.slice(),
    changed: block.changed.slice(),
    irregular: block.irregular.slice(),
    texts: block.texts.map(({ bytes }) => toColumnText(bytes.slice())),
  };
}

/** Length of the first lines of a column, in bytes. */
export function textLength(block: RowBlock, column: number, rowCount: number): number {
  return (block.labelEnds[rowCount] ?? 0) + rowCount * (block.frames[column]?.width ?? 0);
}

/** Adds a row at the end, with every value at 0. */
export function appendRow(block: RowBlock, row: PlacedRow, hash: number, labels: Uint8Array): void {
  const place = block.rows.length;
  block.rows.push(row);
  block.hashes[place] = hash;
  block.labelEnds[place + 1] = (block.labelEnds[place] ?? 0) + labels.length;
  block.values.fill(0, place * block.frames.length, (place + 1) * block.frames.length);
  for (const [column, { head, tail }] of block.frames.entries()) {
    const start = textLength(block, column, place);
    const end = textLength(block, column, place + 1);
    const { bytes } = textWithRoom(block, column, end);
    bytes.set(head, start);
    bytes.set(labels, start + head.length);
    bytes.set(tail, start + head.length + labels.length);
    bytes[end - 1] = 0x0a;
    markChanged(block, column, place);
  }
}

/** A row with its values and lines, outside of any block. */
export interface TakenRow {
  readonly row: PlacedRow;
  readonly hash: number;
  readonly labelLength: number;
  readonly values: Float64Array;
  readonly lines: readonly Uint8Array[];
}

/** Removes the last row of a block. */
export function takeLastRow(block: RowBlock): TakenRow | undefined {
  const row = block.rows.pop();
  if (row === undefined) return undefined;
  const place = block.rows.length;
  const columnCount = block.frames.length;
  for (let column = 0; column < columnCount; column += 1) {
    clearBit(block.changed, column, place);
    clearBit(block.irregular, column, place);
  }
  return {
    row,
    hash: block.hashes[place] ?? 0,
    labelLength: (block.labelEnds[place + 1] ?? 0) - (block.labelEnds[place] ?? 0),
    values: block.values.slice(place * columnCount, (place + 1) * columnCount),
    lines: block.texts.map(({ bytes }, column) =>
      bytes.slice(textLength(block, column, place), textLength(block, column, place + 1)),
    ),
  };
}

/** Replaces a row by another one. */
export function replaceRow(block: RowBlock, place: number, taken: TakenRow): void {
  const rowCount = block.rows.length;
  const longer = taken.labelLength - ((block.labelEnds[place + 1] ?? 0) - (block.labelEnds[place] ?? 0));
  for (const [column, line] of taken.lines.entries()) {
    const start = textLength(block, column, place);
    const next = textLength(block, column, place + 1);
    const end = textLength(block, column, rowCount);
    const { bytes } = textWithRoom(block, column, end + longer);
    if (longer !== 0) bytes.copyWithin(next + longer, next, end);
    bytes.set(line, start);
    markChanged(block, column, place);
  }
  if (longer !== 0) {
    for (let after = place + 1; after <= rowCount; after += 1) {
      block.labelEnds[after] = (block.labelEnds[after] ?? 0) + longer;
    }
  }
  block.values.set(taken.values, place * block.frames.length);
  block.hashes[place] = taken.hash;
  block.rows[place] = taken.row;
}

/** Marks that the slot of a value must be written. */
export function markChanged(block: RowBlock, column: number, place: number): void {
  const word = column * wordsPerColumn + (place >> 5);
  block.changed[word] = (block.changed[word] ?? 0) | (1 << (place & 31));
}

function clearBit(bits: Int32Array, column: number, place: number): void {
  const word = column * wordsPerColumn + (place >> 5);
  bits[word] = (bits[word] ?? 0) & ~(1 << (place & 31));
}

function textWithRoom(block: RowBlock, column: number, room: number): ColumnText {
  const text = block.texts[column] ?? toColumnText(new Uint8Array());
  const size = text.bytes.length;
  // Double it while there are few rows. Later add a tenth, because labels are only a little longer than in the last block.
  if (size >= room) return text;
  const bytes = new Uint8Array(Math.max(room, block.rows.length < rowsPerBlock / 2 ? size * 2 : Math.ceil(size * 1.1)));
  bytes.set(text.bytes);
  const longer = toColumnText(bytes);
  block.texts[column] = longer;
  return longer;
}

function toColumnText(bytes: Uint8Array): ColumnText {
  return { bytes, view: new DataView(bytes.buffer) };
}
