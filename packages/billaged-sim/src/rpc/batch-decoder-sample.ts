import type { SampleColumns } from '../ledger/sample-columns.ts';
import {
  endOfUnknownField,
  endOfVarint,
  int64At,
  readRange,
  readTag,
  WireFormatError,
  wireTypes,
} from './protobuf-wire.ts';

/*
 * One billing.v1.VMMetrics into one row. The loops take what every encoder writes: a tag of one byte, a number of at most
 * eight. They read four bytes of a number at a time, which takes two thirds of the time of reading them one by one.
 * Anything else goes the slow way, which knows all of the wire format.
 */

/** The bit of each byte of a word that is set while a number goes on, as an int32. */
const goesOn = 0x80808080 | 0;
/** Bytes that the fast way may look at from the beginning of a field: its tag and two words. */
const fieldReach = 9;
/** What the second word of a number counts for: the first holds 28 bits. */
const secondWord = 2 ** 28;

/** A body, and the same bytes to be read as words. */
export interface BodyBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Reads a sample into a row. What it lacks is 0, and a sample without a time has the seconds `NaN`; an amount that a
 * number cannot hold exactly is infinite.
 *
 * @throws WireFormatError for bytes that are no VMMetrics
 */
export type SampleDecoder = (body: BodyBytes, start: number, end: number, row: number) => void;

/** Makes a decoder into these columns. They are fixed for it, so that the compiler can take them for constants. */
export function createSampleDecoder(columns: SampleColumns): SampleDecoder {
  const { seconds, nanos, cpuNanos, memoryBytes, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes } =
    columns;
  /** In the order of the fields, which begin with 2. */
  const amounts = [cpuNanos, memoryBytes, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes];

  function decodeSample(body: BodyBytes, start: number, end: number, row: number): void {
    const { bytes, view } = body;
    seconds[row] = Number.NaN;
    nanos[row] = 0;
    cpuNanos[row] = 0;
    memoryBytes[row] = 0;
    diskReadBytes[row] = 0;
    diskWriteBytes[row] = 0;
    networkRxBytes[row] = 0;
    networkTxBytes[row] = 0;

    const lastFast = view.byteLength - fieldReach;
    let position = start;
    while (position < end) {
      const tag = bytes[position] ?? 0;
      if (position > lastFast) {
        position = decodeUncommonField(body, position, end, row);
        continue;
      }
      let next = position + 1;
      if (tag === 0x0a) {
        const length = bytes[next] ?? 0x80;
        next += 1;
        if (length < 0x80 && next + length <= end) {
          decodeTimestamp(body, next, next + length, row);
          position = next + length;
        } else position = decodeUncommonField(body, position, end, row);
        continue;
      }

      // Sizes are told apart by branches: the processor foresees them, as the same field mostly has the same size, and
      // begins with the next number before it knows. A size that is computed holds the next one up.
      const word = view.getUint32(next, true);
      let value = -1;
      if ((word & goesOn) === goesOn) {
        const second = view.getUint32(next + 4, true);
        const low = sevenBitGroups(word);
        if ((second & 0x80) === 0) {
          value = (second & 0x7f) * secondWord + low;
          next += 5;
        } else if ((second & 0x8000) === 0) {
          value = ((second & 0x7f) | ((second >>> 1) & 0x3f80)) * secondWord + low;
          next += 6;
        } else if ((second & 0x800000) === 0) {
          value = ((second & 0x7f) | ((second >>> 1) & 0x3f80) | ((second >>> 2) & 0x1fc000)) * secondWord + low;
          next += 7;
        } else if ((second & 0x80000000) === 0) {
          value = sevenBitGroups(second) * secondWord + low;
          if (value > Number.MAX_SAFE_INTEGER) value = -1;
          next += 8;
        }
      } else if ((word & 0x80) === 0) {
        value = word & 0x7f;
        next += 1;
      } else if ((word & 0x8000) === 0) {
        value = (word & 0x7f) | ((word >>> 1) & 0x3f80);
        next += 2;
      } else if ((word & 0x800000) === 0) {
        value = (word & 0x7f) | ((word >>> 1) & 0x3f80) | ((word >>> 2) & 0x1fc000);
        next += 3;
      } else {
        value = sevenBitGroups(word);
        next += 4;
      }
      // A ninth byte, one that belongs to what comes after this sample, or more than a number holds exactly.
      if (value < 0 || next > end) {
        position = decodeUncommonField(body, position, end, row);
        continue;
      }
      switch (tag) {
        case 0x10:
          cpuNanos[row] = value;
          break;
        case 0x18:
          memoryBytes[row] = value;
          break;
        case 0x20:
          diskReadBytes[row] = value;
          break;
        case 0x28:
          diskWriteBytes[row] = value;
          break;
        case 0x30:
          networkRxBytes[row] = value;
          break;
        case 0x38:
          networkTxBytes[row] = value;
          break;
        default:
          next = decodeUncommonField(body, position, end, row);
      }
      position = next;
    }
  }

  /** Reads a google.protobuf.Timestamp. One that follows another completes it, as protobuf merges messages. */
  function decodeTimestamp(body: BodyBytes, start: number, end: number, row: number): void {
    const { bytes, view } = body;
    if (Number.isNaN(seconds[row])) seconds[row] = 0;
    const lastFast = view.byteLength - fieldReach;
    let position = start;
    while (position < end) {
      const tag = bytes[position] ?? 0;
      if (position > lastFast) {
        position = decodeUncommonTimestampField(body, position, end, row);
        continue;
      }
      let next = position + 1;
      const word = view.getUint32(next, true);
      const ends = ~word & goesOn;
      let value = 0;
      if (ends !== 0) {
        const size = sizeOf(ends);
        value = sevenBitGroups(word & (-1 >>> (32 - 8 * size)));
        next += size;
      } else {
        // Five bytes: seconds until the year 3058, and every fraction of one. A sixth goes the slow way.
        const fifth = bytes[next + 4] ?? 0x80;
        value = fifth < 0x80 ? fifth * secondWord + sevenBitGroups(word) : -1;
        next += 5;
      }
      if (value >= 0 && next <= end && tag === 0x08) seconds[row] = value;
      else if (value >= 0 && next <= end && tag === 0x10) nanos[row] = value;
      else next = decodeUncommonTimestampField(body, position, end, row);
      position = next;
    }
  }

  /** Reads any field of a sample, however it is written. @returns where the next one begins */
  function decodeUncommonField(body: BodyBytes, position: number, end: number, row: number): number {
    const { bytes } = body;
    const tag = readTag(bytes, position, end);
    if (tag.field === 1) {
      requireWireType(tag, wireTypes.bytes, `metrics[${row}].timestamp`, position);
      const { from, to } = readRange(bytes, tag.next, end);
      decodeTimestamp(body, from, to, row);
      return to;
    }
    const column = amounts[tag.field - 2];
    if (column === undefined) return endOfUnknownField(bytes, tag, end);
    requireWireType(tag, wireTypes.varint, `field ${tag.field} of metrics[${row}]`, position);
    const next = endOfVarint(bytes, tag.next, end);
    column[row] = exactOrInfinite(int64At(bytes, tag.next, next));
    return next;
  }

  function decodeUncommonTimestampField({ bytes }: BodyBytes, position: number, end: number, row: number): number {
    const tag = readTag(bytes, position, end);
    if (tag.field > 2) return endOfUnknownField(bytes, tag, end);
    requireWireType(tag, wireTypes.varint, `field ${tag.field} of metrics[${row}].timestamp`, position);
    const next = endOfVarint(bytes, tag.next, end);
    const value = int64At(bytes, tag.next, next);
    if (tag.field === 1) seconds[row] = exactOrInfinite(value);
    else nanos[row] = Number(BigInt.asIntN(32, value));
    return next;
  }

  return decodeSample;
}

/** Bytes of a word up to the first that ends a number; 0 when none does. @param ends the bits of those that do */
function sizeOf(ends: number): number {
  return (32 - Math.clz32(ends & -ends)) >>> 3;
}

/** Puts the lower seven bits of the four bytes of a word together. */
function sevenBitGroups(word: number): number {
  return (word & 0x7f) | ((word >>> 1) & 0x3f80) | ((word >>> 2) & 0x1fc000) | ((word >>> 3) & 0xfe00000);
}

/** An int64 as a number; one that a number does not hold exactly is infinite, so that no later check takes it. */
export function exactOrInfinite(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : number > 0 ? Infinity : -Infinity;
}

/**
 * Protobuf would skip a known field that is written as another type. A counter that is skipped is 0, which is billed as
 * a reset, so it is refused.
 */
export function requireWireType(
  { wireType }: { readonly wireType: number },
  expected: number,
  what: string,
  position: number,
): void {
  if (wireType !== expected) throw new WireFormatError(`${what} has wire type ${wireType}, not ${expected},`, position);
}
