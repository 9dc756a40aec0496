/** Hashes bytes to 32 bits. */
export type LabelHash = (bytes: Uint8Array) => number;

/**
 * Makes HalfSipHash-1-3 with a key. Labels often come from clients. With a predictable hash, a client could choose labels that
 * collide, so that every lookup walks through all rows.
 *
 * @param key 64 bits in two halves; random except in tests
 * @see https://github.com/veorq/SipHash
 */
export function createLabelHash(key: readonly [number, number]): LabelHash {
  const [key0, key1] = key;
  return (bytes) => {
    let v0 = key0;
    let v1 = key1;
    let v2 = 0x6c796765 ^ key0;
    let v3 = 0x74656462 ^ key1;
    const end = bytes.length & ~3;
    let last = bytes.length << 24;
    for (let at = end; at < bytes.length; at += 1) last |= (bytes[at] ?? 0) << (8 * (at - end));
    for (let at = 0; at <= end + 12; at += 4) {
      // One round per word, one for the remaining bytes and the length, and three final rounds without input.
      let word = 0;
      if (at < end) {
        word =
          (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
      } else if (at === end) word = last;
      else if (at === end + 4) v2 ^= 0xff;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    return v1 ^ v3;
  };
}
