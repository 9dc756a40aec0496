import { Code, ConnectError } from '@connectrpc/connect';
import { retryAfter } from '../ledger-errors.ts';
import type { BillagedMetrics } from '../metrics.ts';

/** Options of `createAdmission`. */
export interface AdmissionOptions {
  readonly metrics: Pick<BillagedMetrics, 'batchesRefused'>;
  /** Maximum number of batches that are being read or wait for the ledger. */
  readonly maxBatches: number;
  /** Maximum size of their bodies in bytes. */
  readonly maxBytes: number;
}

/** The share of the limits that one batch takes. */
export interface Room {
  /**
   * Reports how large the body has become. A smaller size than before changes nothing.
   *
   * @throws ConnectError `unavailable` with `Retry-After` if the limit is reached
   */
  growTo(bytes: number): void;
  /** Releases the share. Call it once. */
  leave(): void;
}

/** Limits what waits for the ledger, so that a slow disk costs refused batches and not memory. */
export interface Admission {
  /** Batches in flight: from the first byte read until the answer. */
  readonly batches: number;
  /** Size of their bodies in bytes. */
  readonly bytes: number;
  /** The limits of both. */
  readonly maxBatches: number;
  readonly maxBytes: number;
  /**
   * Admits a batch before its body is read.
   *
   * @param bytes size of its body as far as it is known; `growTo` adds the rest
   * @throws ConnectError `unavailable` with `Retry-After` if a limit is reached
   */
  admit(bytes: number): Room;
}

/** Makes the admission control of an API, with no batch in flight. */
export function createAdmission({ metrics, maxBatches, maxBytes }: AdmissionOptions): Admission {
  let batches = 0;
  let bytes = 0;

  function refuse(reason: 'batches' | 'bytes'): never {
    metrics.batchesRefused.inc({ reason });
    const limit = reason === 'batches' ? `${maxBatches} batches` : `${maxBytes} bytes of batches`;
    throw new ConnectError(`${limit} already wait for the ledger; try again later`, Code.Unavailable, retryAfter());
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
