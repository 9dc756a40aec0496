/*
 * The parts of the protobuf wire format. Positions are offsets in the body; `end` is where the message that is read ends.
 */

/** How a value is written. @see https://protobuf.dev/programming-guides/encoding/ */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

const longestVarint = 10;
const deepestGroup = 100;

/** Says why bytes are no protobuf message, and where. */
export class WireFormatError extends Error {
  override readonly name = 'WireFormatError';

  constructor(reason: string, position: number) {
    super(`${reason} at byte ${position}`);
  }
}

/** The head of a field. */
export interface FieldTag {
  readonly field: number;
  readonly wireType: number;
  /** Where its value begins. */
  readonly next: number;
}

/** Reads the head of a field. @throws WireFormatError */
export function readTag(bytes: Uint8Array, position: number, end: number): FieldTag {
  const next = endOfVarint(bytes, position, end);
  const tag =
    next === position + 1 ? (bytes[position] ?? 0) : Number(BigInt.asUintN(64, int64At(bytes, position, next)));
  const field = Math.floor(tag / 8);
  const wireType = tag % 8;
  if (tag > 0xffff_ffff || next - position > 5)
    throw new WireFormatError('there is a field number too large', position);
  if (field === 0) throw new WireFormatError('there is a field of number 0', position);
  if (wireType > wireTypes.fixed32) throw new WireFormatError(`there is a field of wire type ${wireType}`, position);
  return { field, wireType, next };
}

/** Finds the end of a number. @throws WireFormatError when it is cut off or has more than ten bytes */
export function endOfVarint(bytes: Uint8Array, position: number, end: number): number {
  for (let at = position; at < position + longestVarint; at += 1) {
    if (at >= end) throw new WireFormatError('a number is cut off', position);
    if ((bytes[at] ?? 0) < 0x80) return at + 1;
  }
  throw new WireFormatError('a number has more than ten bytes', position);
}

/** The value of a number whose end is known, as an int64. */
export function int64At(bytes: Uint8Array, position: number, end: number): bigint {
  let value = 0n;
  for (let at = end - 1; at >= position; at -= 1) value = (value << 7n) | BigInt((bytes[at] ?? 0) & 0x7f);
  return BigInt.asIntN(64, value);
}

/** Bytes of the numbers that are below 2^49. */
const shortVarint = 7;

/** The value of a number whose end is known; one that a number does not hold exactly is infinite. */
export function numberAt(bytes: Uint8Array, position: number, end: number): number {
  if (end - position > shortVarint) return exactOrInfinite(int64At(bytes, position, end));
  let value = 0;
  for (let at = end - 1; at >= position; at -= 1) value = value * 128 + ((bytes[at] ?? 0) & 0x7f);
  return value;
}

/** An int64 as a number; one that a number does not hold exactly is infinite, so that no later check takes it. */
export function exactOrInfinite(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : number > 0 ? Infinity : -Infinity;
}

/** Where a value with a length in front begins and ends. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Reads the length of a string or message. @throws WireFormatError when it does not fit in what it is part of */
export function readRange(bytes: Uint8Array, position: number, end: number): ByteRange {
  const from = endOfVarint(bytes, position, end);
  const length = Number(BigInt.asUintN(32, int64At(bytes, position, from)));
  if (length > end - from)
    throw new WireFormatError(`${length} bytes are announced and ${end - from} are left`, position);
  return { from, to: from + length };
}

/**
 * Protobuf would skip a known field that is written as another type. A counter that is skipped is 0, which is billed as
 * a reset, so it is refused.
 */
export function requireWireType({ wireType }: FieldTag, expected: number, what: string, position: number): void {
  if (wireType !== expected) throw new WireFormatError(`${what} has wire type ${wireType}, not ${expected},`, position);
}

/** Finds the end of a field that nobody knows. @throws WireFormatError */
export function endOfUnknownField(bytes: Uint8Array, tag: FieldTag, end: number, depth = 0): number {
  const { field, wireType, next } = tag;
  switch (wireType) {
    case wireTypes.varint:
      return endOfVarint(bytes, next, end);
    case wireTypes.bytes:
      return readRange(bytes, next, end).to;
    case wireTypes.groupStart:
      return endOfGroup(bytes, tag, end, depth + 1);
    case wireTypes.groupEnd:
      throw new WireFormatError(`the group ${field} ends and has not begun`, next);
    default: {
      const length = wireType === wireTypes.fixed64 ? 8 : 4;
      if (length > end - next) throw new WireFormatError('a number is cut off', next);
      return next + length;
    }
  }
}

function endOfGroup(bytes: Uint8Array, { field, next }: FieldTag, end: number, depth: number): number {
  if (depth > deepestGroup) throw new WireFormatError(`groups are nested more than ${deepestGroup} deep`, next);
  let position = next;
  for (;;) {
    const inner = readTag(bytes, position, end);
    if (inner.wireType !== wireTypes.groupEnd) position = endOfUnknownField(bytes, inner, end, depth);
    else if (inner.field === field) return inner.next;
    else throw new WireFormatError(`the group ${field} is ended as ${inner.field}`, position);
  }
}
