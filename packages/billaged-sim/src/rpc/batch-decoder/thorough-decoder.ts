import { createSampleColumns } from '../../ledger/sample-columns.ts';
import { endOfUnknownField, readRange, readTag, requireWireType, wireTypes } from './protobuf-wire.ts';
import { readText } from './read-text.ts';
import type { BatchDecoder } from './received-batch.ts';
import { createSampleDecoder } from './thorough-sample.ts';

/** Makes the decoder that knows all of the wire format. @param capacity most samples that are kept of a batch */
export function createThoroughDecoder(capacity: number): BatchDecoder {
  const samples = createSampleColumns(capacity);
  const decodeSample = createSampleDecoder(samples);

  return (body) => {
    const end = body.length;
    let vmId = '';
    let customerId = '';
    let sampleCount = 0;
    let position = 0;
    while (position < end) {
      const tag = readTag(body, position, end);
      const { field } = tag;
      if (field > 3) {
        position = endOfUnknownField(body, tag, end);
        continue;
      }
      requireWireType(tag, wireTypes.bytes, `field ${field} of the batch`, position);
      const { from, to } = readRange(body, tag.next, end);
      if (field === 3) {
        if (sampleCount < capacity) decodeSample(body, from, to, sampleCount);
        sampleCount += 1;
      } else if (field === 1) vmId = readText(body, from, to);
      else customerId = readText(body, from, to);
      position = to;
    }
    samples.length = Math.min(sampleCount, capacity);
    return { vmId, customerId, sampleCount, samples, isChecked: false };
  };
}
