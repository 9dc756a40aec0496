import { createOrdinaryDecoder } from './ordinary-decoder.ts';
import type { BatchDecoder } from './received-batch.ts';
import { createThoroughDecoder } from './thorough-decoder.ts';

/**
 * Makes a decoder of `billing.v1.SendMetricsBatchRequest` that makes no object for a sample: numbers go from the body
 * into columns that are used again and again.
 *
 * Bodies as every encoder writes them are read by WebAssembly; any other by the thorough way, which knows all of the wire
 * format and the reason why something is none.
 *
 * It reads what the generated decoder reads, and refuses more: a message that reaches out of the one it is in, and a
 * known field of another type.
 *
 * @param capacity most samples that are kept of a batch; the rest is counted
 */
export function createBatchDecoder(capacity: number): BatchDecoder {
  const decodeOrdinary = createOrdinaryDecoder(capacity);
  const decodeThoroughly = createThoroughDecoder(capacity);
  return (body) => decodeOrdinary(body) ?? decodeThoroughly(body);
}
