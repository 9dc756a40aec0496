import type { SampleColumns } from '../../ledger/sample-columns.ts';
import {
  endOfUnknownField,
  endOfVarint,
  int64At,
  numberAt,
  readRange,
  readTag,
  requireWireType,
  wireTypes,
} from './protobuf-wire.ts';

/**
 * Reads a `billing.v1.VMMetrics` into a row. What it lacks is 0, and a sample without a time has the seconds `NaN`; an
 * amount that a number cannot hold exactly is infinite.
 *
 * @throws WireFormatError for bytes that are no VMMetrics
 */
export type SampleDecoder = (bytes: Uint8Array, start: number, end: number, row: number) => void;

/** Makes a decoder into these columns. */
export function createSampleDecoder(columns: SampleColumns): SampleDecoder {
  const { seconds, nanos, cpuNanos, memoryBytes, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes } =
    columns;
  /** In the order of the fields, which begin with 2. */
  const amounts = [cpuNanos, memoryBytes, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes];

  /** Reads a field of a sample. @returns where the next one begins */
  function decodeField(bytes: Uint8Array, position: number, end: number, row: number): number {
    const tag = readTag(bytes, position, end);
    if (tag.field === 1) {
      requireWireType(tag, wireTypes.bytes, `metrics[${row}].timestamp`, position);
      const { from, to } = readRange(bytes, tag.next, end);
      decodeTimestamp(bytes, from, to, row);
      return to;
    }
    const column = amounts[tag.field - 2];
    if (column === undefined) return endOfUnknownField(bytes, tag, end);
    requireWireType(tag, wireTypes.varint, `field ${tag.field} of metrics[${row}]`, position);
    const next = endOfVarint(bytes, tag.next, end);
    column[row] = numberAt(bytes, tag.next, next);
    return next;
  }

  /** Reads a google.protobuf.Timestamp. One that follows another completes it, as protobuf merges messages. */
  function decodeTimestamp(bytes: Uint8Array, start: number, end: number, row: number): void {
    if (Number.isNaN(seconds[row])) seconds[row] = 0;
    let position = start;
    while (position < end) {
      const tag = readTag(bytes, position, end);
      if (tag.field > 2) {
        position = endOfUnknownField(bytes, tag, end);
        continue;
      }
      requireWireType(tag, wireTypes.varint, `field ${tag.field} of metrics[${row}].timestamp`, position);
      const next = endOfVarint(bytes, tag.next, end);
      if (tag.field === 1) seconds[row] = numberAt(bytes, tag.next, next);
      else nanos[row] = Number(BigInt.asIntN(32, int64At(bytes, tag.next, next)));
      position = next;
    }
  }

  return (bytes, start, end, row) => {
    seconds[row] = Number.NaN;
    nanos[row] = 0;
    for (const column of amounts) column[row] = 0;
    let position = start;
    while (position < end) position = decodeField(bytes, position, end, row);
  };
}
