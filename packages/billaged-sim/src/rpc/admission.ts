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
}

/** The room that one batch takes. */
export interface Room {
  /**
   * Says how large the body has become; less than was said before changes nothing.
   *
   * @throws ConnectError `unavailable` with `Retry-After` when there is no room for it
   */
  growTo(bytes: number): void;
  /** Gives it back; to be called once. */
  leave(): void;
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
   * @param bytes size of its body, or what is known of that: none but what `growTo` is told of counts besides
   * @throws ConnectError `unavailable` with `Retry-After` when there is no room
   */
  admit(bytes: number): Room;
}

/** Makes the admission of an API without batches. */
export function createAdmission({ metrics, maxBatches, maxBytes }: AdmissionOptions): Admission {
  let batches = 0;
  let bytes = 0;

  function refuse(reason: 'batches' | 'bytes'): never {
    metrics.batchesRefused.inc({ reason });
    const limit = reason === 'batches' ? `${maxBatches} batches` : `${maxBytes} bytes of batches`;
    throw new ConnectError(`${limit} wait for the ledger already; try again later`, Code.Unavailable, retryAfter());
  }

  return {
    maxBatches,
    maxBytes,
    get batches() {
      return batches;
    },
    get bytes() {
      return bytes;
    },
    admit(size) {
      if (batches >= maxBatches) refuse('batches');
      if (bytes + size > maxBytes) refuse('bytes');
      batches += 1;
      bytes += size;
      let held = size;
      return {
        growTo(now) {
          if (now <= held) return;
          if (bytes + now - held > maxBytes) refuse('bytes');
          bytes += now - held;
          held = now;
        },
        leave() {
          batches -= 1;
          bytes -= held;
        },
      };
    },
  };
}
