import { formatNumber } from '../exposition/values.ts';
import { type RowBlock, textLength, wordsPerColumn } from './row-block.ts';
import { slotWidth, writeSlot } from './value-slot.ts';

/** Length of the longest plain number, such as `-1.2345678901234567e-308`. */
const longestNumber = 24;

/** Reads lines from blocks. It owns the memory for lines that must be copied. */
export interface TextReader {
  /**
   * The lines of a column for the first rows of a block: the bytes of the block, after the slots of changed values were
   * written, or a copy with plain numbers if a value does not fit its slot.
   */
  read(block: RowBlock, column: number, rowCount: number): Uint8Array;
  /** The same lines with plain numbers, as people read them. */
  readPlain(block: RowBlock, column: number, rowCount: number): Uint8Array;
}

/** Makes a reader. The returned bytes are valid until the next read. */
export function createTextReader(): TextReader {
  let copy = new Uint8Array();

  function copyWithPlainNumbers(
    block: RowBlock,
    column: number,
    rowCount: number,
    isPlain: (place: number) => boolean,
  ): Uint8Array {
    const { bytes } = block.texts[column] ?? { bytes: copy };
    const room = textLength(block, column, rowCount) + rowCount * (longestNumber - slotWidth);
    if (copy.length < room) copy = new Uint8Array(room);
    let length = 0;
    let copiedUpTo = 0;
    const copyUpTo = (end: number) => {
      copy.set(bytes.subarray(copiedUpTo, end), length);
      length += end - copiedUpTo;
      copiedUpTo = end;
    };
    for (let place = 0; place < rowCount; place += 1) {
      if (!isPlain(place)) continue;
      const slotEnd = textLength(block, column, place + 1) - 1;
      copyUpTo(slotEnd - slotWidth);
      const number = formatNumber(block.values[place * block.frames.length + column] ?? 0);
      for (let index = 0; index < number.length; index += 1) copy[length++] = number.charCodeAt(index);
      copiedUpTo = slotEnd;
    }
    copyUpTo(textLength(block, column, rowCount));
    return copy.subarray(0, length);
  }

  return {
    read(block, column, rowCount) {
      if (writeChangedSlots(block, column)) {
        const { irregular } = block;
        const first = column * wordsPerColumn;
        return copyWithPlainNumbers(
          block,
          column,
          rowCount,
          (place) => ((irregular[first + (place >> 5)] ?? 0) & (1 << (place & 31))) !== 0,
        );
      }
      return block.texts[column]?.bytes.subarray(0, textLength(block, column, rowCount)) ?? copy.subarray(0, 0);
    },
    readPlain: (block, column, rowCount) => copyWithPlainNumbers(block, column, rowCount, () => true),
  };
}

/** Writes the changed values of a column to their slots. @returns whether any value of the column does not fit its slot */
function writeChangedSlots(block: RowBlock, column: number): boolean {
  const { changed, irregular, values, labelEnds, frames } = block;
  const view = block.texts[column]?.view;
  const width = frames[column]?.width;
  if (view === undefined || width === undefined) return false;
  const stride = frames.length;
  const first = column * wordsPerColumn;
  let unfit = 0;
  for (let word = 0; word < wordsPerColumn; word += 1) {
    let pending = changed[first + word] ?? 0;
    if (pending !== 0) {
      changed[first + word] = 0;
      let odd = irregular[first + word] ?? 0;
      while (pending !== 0) {
        // Lowest bit first, so that lines are written in memory order, which takes half the time.
        const bit = 31 - Math.clz32(pending & (~pending + 1));
        const mask = 1 << bit;
        pending ^= mask;
        const place = word * 32 + bit;
        const slot = (labelEnds[place + 1] ?? 0) + (place + 1) * width - 1 - slotWidth;
        odd = writeSlot(view, slot, values[place * stride + column] ?? 0) ? odd & ~mask : odd | mask;
      }
      irregular[first + word] = odd;
    }
    unfit |= irregular[first + word] ?? 0;
  }
  return unfit !== 0;
}
