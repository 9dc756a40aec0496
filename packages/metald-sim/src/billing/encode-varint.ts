/** Bytes that a varint of a 64-bit number takes at most. */
export const longestVarint = 10;

const group = 2 ** 28;

/**
 * Writes a whole number of 0 or more as a protobuf varint. It is cut into groups of 28 bits first, because the operators
 * on bits know only 32 of them.
 *
 * @returns the position after it
 * @see https://protobuf.dev/programming-guides/encoding/#varints
 */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest >= group) {
    const high = Math.floor(rest / group);
    const low = rest - high * group;
    bytes[at] = low | 0x80;
    bytes[at + 1] = (low >>> 7) | 0x80;
    bytes[at + 2] = (low >>> 14) | 0x80;
    bytes[at + 3] = (low >>> 21) | 0x80;
    at += 4;
    rest = high;
  }
  while (rest > 0x7f) {
    bytes[at++] = rest | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}
