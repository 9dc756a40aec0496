import { createFastDecoder } from './fast-decoder.ts';
import { createGeneratedDecoder } from './generated-decoder.ts';
import type { BatchDecoder } from './received-batch.ts';

/**
 * Makes the decoder of `billing.v1.SendMetricsBatchRequest`.
 *
 * The fast decoder, in WebAssembly, reads bodies in the form that every encoder writes. It makes no object for a sample:
 * numbers go from the body into columns that are reused. The generated decoder reads any other body, and finds the reason
 * when a body is not valid.
 *
 * @param capacity maximum number of samples that are kept of a batch; the rest is only counted
 */
export function createBatchDecoder(capacity: number): BatchDecoder {
  const decodeFast = createFastDecoder(capacity);
  const decodeGenerated = createGeneratedDecoder(capacity);
  return (body) => decodeFast(body) ?? decodeGenerated(body);
}
