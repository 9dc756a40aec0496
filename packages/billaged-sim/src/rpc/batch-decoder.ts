import { createSampleColumns, type SampleColumns } from '../ledger/sample-columns.ts';
import { createSampleDecoder, requireWireType } from './batch-decoder-sample.ts';

import { endOfUnknownField, readRange, readTag, WireFormatError, wireTypes } from './protobuf-wire.ts';

/** A batch as it came; nothing of it is checked. */
export interface ReceivedBatch {
  readonly vmId: string;
  readonly customerId: string;
  /** Samples that were sent. */
  readonly sampleCount: number;
  /**
   * The first of them, as many as a batch may have. A sample without a time has the seconds `NaN`; an amount that a
   * number cannot hold exactly is infinite.
   */
  readonly samples: SampleColumns;
}

/** Reads a body. The batch is valid until the next call, which takes the columns again. @throws WireFormatError */
export type BatchDecoder = (body: Buffer) => ReceivedBatch;

/**
 * Makes a decoder of `billing.v1.SendMetricsBatchRequest` that makes no object for a sample: numbers go from the body
 * into columns that are used again and again.
 *
 * It reads what the generated decoder reads, and refuses more: a message that reaches out of the one it is in, and a
 * known field of another type.
 *
 * @param capacity most samples that are kept of a batch; the rest is counted
 */
export function createBatchDecoder(capacity: number): BatchDecoder {
  const samples = createSampleColumns(capacity);
  const decodeSample = createSampleDecoder(samples);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  function readText(body: Buffer, from: number, to: number): string {
    for (let at = from; at < to; at += 1) {
      if ((body[at] ?? 0) >= 0x80) return readUtf8(body, from, to);
    }
    return body.toString('latin1', from, to);
  }

  function readUtf8(body: Buffer, from: number, to: number): string {
    try {
      return utf8.decode(body.subarray(from, to));
    } catch {
      throw new WireFormatError('a string is not UTF-8', from);
    }
  }

  return (body) => {
    const bytes = { bytes: body, view: new DataView(body.buffer, body.byteOffset, body.byteLength) };
    const end = body.length;
    let vmId = '';
    let customerId = '';
    let sampleCount = 0;
    let position = 0;
    while (position < end) {
      let field = body[position] ?? 0;
      let to = body[position + 1] ?? 0x80;
      let from = position + 2;
      if (to < 0x80 && from + to <= end && (field === 0x1a || field === 0x0a || field === 0x12)) {
        field >>= 3;
        to += from;
      } else {
        const tag = readTag(body, position, end);
        field = tag.field;
        if (field > 3) {
          position = endOfUnknownField(body, tag, end);
          continue;
        }
        requireWireType(tag, wireTypes.bytes, `field ${field} of the batch`, position);
        ({ from, to } = readRange(body, tag.next, end));
      }
      if (field === 3) {
        if (sampleCount < capacity) decodeSample(bytes, from, to, sampleCount);
        sampleCount += 1;
      } else if (field === 1) vmId = readText(body, from, to);
      else customerId = readText(body, from, to);
      position = to;
    }
    samples.length = Math.min(sampleCount, capacity);
    return { vmId, customerId, sampleCount, samples };
  };
}
