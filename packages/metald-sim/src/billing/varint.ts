/** Most bytes of the varint of a 64-bit number. */
export const longestVarint = 10;

const group = 2 ** 28;

/**
 * Writes a whole number of 0 or more as a protobuf varint. The number is split into groups of 28 bits first, because
 * bitwise operators have only 32 bits.
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

/** Makes a reader of successive varints up to 2^53. */
export function createVarintReader() {
  let bytes: Buffer = Buffer.alloc(0);
  let position = 0;
  return {
    get position() {
      return position;
    },
    seek(memory: Buffer, to: number): void {
      bytes = memory;
      position = to;
    },
    read(): number {
      let byte = bytes[position++] ?? 0;
      let value = byte & 0x7f;
      for (let scale = 128; byte > 0x7f; scale *= 128) {
        byte = bytes[position++] ?? 0;
        value += (byte & 0x7f) * scale;
      }
      return value;
    },
  };
}
