import { Code, ConnectError } from '@connectrpc/connect';
import type { BillagedMetrics } from '../metrics.ts';
import { retryAfter } from './ledger-errors.ts';

/** Options of `createAdmission`. */
export interface AdmissionOptions {
  readonly metrics: Pick<BillagedMetrics, 'batchesRefused'>;
  /** Most batches that are read or wait for the ledger. */
  readonly maxBatches: number;
  /** Most bytes of their bodies. */
  readonly maxBytes: number;
  /** Largest body; one that does not say its length counts as this much. */
  readonly maxRequestBytes: number;
}

/** Keeps what waits for the ledger within bounds, so that a slow disk costs answers and not memory. */
export interface Admission {
  /** Batches in flight: from the first byte that is read to their answer. */
  readonly batches: number;
  /** Bytes of their bodies. */
  readonly bytes: number;
  /** As many of either are taken in. */
  readonly maxBatches: number;
  readonly maxBytes: number;
  /**
   * Takes a batch in before its body is read.
   *
   * @param contentLength as the request says it; `undefined` for a body that comes in chunks
   * @returns gives its room back; to be called once
   * @throws ConnectError `unavailable` with `Retry-After` when there is no room
   */
  admit(contentLength: string | undefined): () => void;
}

/** Makes the admission of an API without batches. */
export function createAdmission({ metrics, maxBatches, maxBytes, maxRequestBytes }: AdmissionOptions): Admission {
  let batches = 0;
  let bytes = 0;
  return {
    maxBatches,
    maxBytes,
    get batches() {
      return batches;
    },
    get bytes() {
      return bytes;
    },
    admit(contentLength) {
      const size = contentLength === undefined ? maxRequestBytes : Math.min(Number(contentLength), maxRequestBytes);
      const reason = batches >= maxBatches ? 'batches' : bytes + size > maxBytes ? 'bytes' : undefined;
      if (reason !== undefined) {
        metrics.batchesRefused.inc({ reason });
        const limit = reason === 'batches' ? `${maxBatches} batches` : `${maxBytes} bytes of batches`;
        throw new ConnectError(`${limit} wait for the ledger already; try again later`, Code.Unavailable, retryAfter());
      }
      batches += 1;
      bytes += size;
      return () => {
        batches -= 1;
        bytes -= size;
      };
    },
  };
}
