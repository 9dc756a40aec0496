import { counterNames } from './counters.ts';
import { createSampleColumns, type SampleColumns } from './sample-columns.ts';
import { hourSeconds, nanosInHour } from './time.ts';

/** Sign bit and payload of the first byte of a number; the bytes after it carry seven bits each. */
const moreBytes = 0x80;
const negative = 0x40;
const firstPayload = 0x40;
const payload = 0x80;

/** Maximum bytes of a number: 6 bits, then 7 each, up to 53 and a carry. */
const longestNumber = 8;

/** Columns of a sample: its time, its memory, then its counters. */
const columnCount = 2 + counterNames.length;

/** Encodes the samples of one segment: each value as its difference to the previous one, in variable length. */
export function encodeSamples(samples: SampleColumns, from: number, to: number, hour: number): Uint8Array {
  const bytes = new Uint8Array((to - from + 1) * columnCount * longestNumber);
  const before = new Float64Array(columnCount);
  let at = 0;
  const write = (column: number, value: number) => {
    const difference = value - (before[column] ?? 0);
    before[column] = value;
    let rest = Math.abs(difference);
    const sign = difference < 0 ? negative : 0;
    bytes[at++] = (rest >= firstPayload ? moreBytes : 0) | sign | (rest % firstPayload);
    rest = Math.floor(rest / firstPayload);
    while (rest > 0) {
      bytes[at++] = (rest >= payload ? moreBytes : 0) | (rest % payload);
      rest = Math.floor(rest / payload);
    }
  };
  const counters = counterNames.map((name) => samples[name]);
  for (let row = from; row <= to; row++) {
    write(0, nanosInHour(samples, row, hour));
    write(1, samples.memoryBytes[row] ?? 0);
    for (let index = 0; index < counters.length; index++) write(2 + index, counters[index]?.[row] ?? 0);
  }
  return bytes.slice(0, at);
}

/** Decodes what `encodeSamples` has written. */
export function decodeSamples(bytes: Uint8Array, count: number, hour: number): SampleColumns {
  const samples = createSampleColumns(count);
  const values = new Float64Array(columnCount);
  let at = 0;
  const read = (column: number): number => {
    const head = bytes[at++] ?? 0;
    let value = head % firstPayload;
    let scale = firstPayload;
    for (let byte = head; byte >= moreBytes; scale *= payload) {
      byte = bytes[at++] ?? 0;
      value += (byte % payload) * scale;
    }
    const sum = (values[column] ?? 0) + ((head & negative) === 0 ? value : -value);
    values[column] = sum;
    return sum;
  };
  for (let row = 0; row < count; row++) {
    const time = read(0);
    const second = Math.floor(time / 1e9);
    samples.seconds[row] = hour * hourSeconds + second;
    samples.nanos[row] = time - second * 1e9;
    samples.memoryBytes[row] = read(1);
    for (const [index, name] of counterNames.entries()) samples[name][row] = read(2 + index);
  }
  samples.length = count;
  return samples;
}
