/*
 * AssemblyScript: TypeScript's syntax for WebAssembly. `pnpm generate` compiles it.
 *
 * Reads a `billing.v1.SendMetricsBatchRequest` in the form that every encoder writes: fields in ascending order, none
 * repeated, none unknown, tags and lengths of one byte. WebAssembly has 64-bit integers: a number is loaded as one word,
 * and its groups of seven bits are joined in three steps. JavaScript has to work on halves, which takes three times as
 * long. It returns a negative number for any other form, and for values that a ledger does not accept; the generated
 * decoder then finds the reason.
 */

/** Maximum number of samples. */
export const mostSamples: u32 = 1000;

/** Maximum size of a body in bytes: a sample has at most 76. Eight more bytes can be read. */
export const mostBytes: u32 = 80000;

/** Address of the body. */
export const bodyAt: usize = memory.data(mostBytes + 8, 8);

/** Offsets in the body, four bytes each: begin and end of the VM's id, begin and end of the customer's id. */
export const idsAt: usize = memory.data(16, 4);

/** Columns of `mostSamples` rows: seconds in eight bytes, nanoseconds in four, then the six amounts in eight. */
export const secondsAt: usize = memory.data(8 * mostSamples, 8);
export const nanosAt: usize = memory.data(4 * mostSamples, 8);
export const amountsAt: usize = memory.data(6 * 8 * mostSamples, 8);

/** Size of each number in the previous sample, one byte each, indexed by tag; the timestamp's two come first. */
const sizesAt: usize = memory.data(64);

const refused: i32 = -1;

/** The end of the year 9999, and of the fraction of a second. */
const latestSeconds: u64 = 253402300799;
const latestNanos: u64 = 999999999;

/** The largest amount: a column of 64-bit floats holds all up to it. */
const largestAmount: u64 = 9007199254740991;

/** Tags of the batch, of a sample and of its timestamp: the number of the field, times eight, plus its wire type. */
const vmIdTag: u8 = 0x0a;
const customerIdTag: u8 = 0x12;
const sampleTag: u8 = 0x1a;
const timestampTag: u8 = 0x0a;
const secondsTag: u8 = 0x08;
const nanosTag: u8 = 0x10;
const firstAmountTag: u32 = 0x10;
const lastAmountTag: u32 = 0x38;

/** The high bit of each byte of a word that ends a number; 0 if no byte does. */
function endsOf(word: u64): u64 {
  return ~word & 0x8080808080808080;
}

/**
 * Address of the next field.
 *
 * A number mostly has the size that it had in the previous sample. The processor predicts that branch and continues with
 * the known size; it would have to wait for a computed one.
 */
function nextField(at: usize, ends: u64, sizeAt: usize): usize {
  const known: usize = <usize>load<u8>(sizeAt);
  const size: usize = 1 + ((<usize>ctz(ends) + 1) >>> 3);
  if (size === known) return at + known;
  store<u8>(sizeAt, <u8>size);
  return at + size;
}

/** The number at the start of a word. */
function numberIn(word: u64, ends: u64): u64 {
  const own = word & (ends ^ (ends - 1));
  const pairs = (own & 0x007f007f007f007f) | ((own & 0x7f007f007f007f00) >> 1);
  const halves = (pairs & 0x00003fff00003fff) | ((pairs & 0x3fff00003fff0000) >> 2);
  return (halves & 0x0fffffff) | ((halves & 0x0fffffff00000000) >> 4);
}

/** Stores the offsets of an id, if the field has its tag. @returns the address of the next field */
function readId(at: usize, tag: u8, noteAt: usize): usize {
  let begin = at;
  let end = at;
  if (load<u8>(at) === tag) {
    begin += 2;
    end = begin + <usize>load<u8>(at + 1);
  }
  store<u32>(noteAt, <u32>(begin - bodyAt));
  store<u32>(noteAt + 4, <u32>(end - bodyAt));
  return end;
}

/** Reads the body. @returns the number of filled rows; negative if refused */
export function read(bytes: u32, capacity: u32): i32 {
  const bodyEnd = bodyAt + <usize>bytes;
  // The previous body may have been longer, and tags are compared without checking for the end.
  store<u64>(bodyEnd, 0);
  let at = readId(bodyAt, vmIdTag, idsAt);
  if (at > bodyEnd || (at > bodyAt && at - bodyAt > 0x81)) return refused;
  const customerId = at;
  at = readId(at, customerIdTag, idsAt + 8);
  if (at > bodyEnd || at - customerId > 0x81) return refused;

  let row: u32 = 0;
  for (; at < bodyEnd; row++) {
    const sampleSize = <usize>load<u8>(at + 1);
    const end = at + 2 + sampleSize;
    if (load<u8>(at) !== sampleTag || sampleSize > 0x7f || end > bodyEnd || row === capacity) return refused;
    at += 2;

    if (load<u8>(at) !== timestampTag) return refused;
    const timestampEnd = at + 2 + <usize>load<u8>(at + 1);
    at += 2;
    let seconds: u64 = 0;
    if (load<u8>(at) === secondsTag && at < timestampEnd) {
      const word = load<u64>(at + 1);
      const ends = endsOf(word);
      if (ends === 0) return refused;
      seconds = numberIn(word, ends);
      if (seconds > latestSeconds) return refused;
      at = nextField(at, ends, sizesAt);
    }
    let nanos: u64 = 0;
    if (load<u8>(at) === nanosTag && at < timestampEnd) {
      const word = load<u64>(at + 1);
      const ends = endsOf(word);
      if (ends === 0) return refused;
      nanos = numberIn(word, ends);
      if (nanos > latestNanos) return refused;
      at = nextField(at, ends, sizesAt + 1);
    }
    // A field reached over the end of the timestamp, or bytes are left in it.
    if (at !== timestampEnd) return refused;
    store<f64>(secondsAt + (row << 3), <f64>seconds);
    store<i32>(nanosAt + (row << 2), <i32>nanos);

    let target: usize = amountsAt + (row << 3);
    for (let tag = firstAmountTag; tag <= lastAmountTag; tag += 8) {
      let amount: u64 = 0;
      if (load<u8>(at) === tag && at < end) {
        const word = load<u64>(at + 1);
        const ends = endsOf(word);
        if (ends === 0) return refused;
        amount = numberIn(word, ends);
        if (amount > largestAmount) return refused;
        at = nextField(at, ends, sizesAt + tag);
      }
      store<f64>(target, <f64>amount);
      target += 8 * mostSamples;
    }
    if (at !== end) return refused;
  }
  return row;
}
