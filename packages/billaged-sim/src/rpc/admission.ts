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
  /** Milliseconds. @default performance.now */
  readonly clock?: () => number;
}

/** The share of the limits that one batch takes: the bytes that have come, and a place once all have. */
export interface Room {
  /**
   * Reports how many bytes of the body have come. A smaller size than before changes nothing.
   *
   * @throws ConnectError `unavailable` with `Retry-After` if the limit is reached, or if the body was dropped
   */
  growTo(bytes: number): void;
  /**
   * Reports that the whole body has come.
   *
   * @throws ConnectError `unavailable` with `Retry-After` if the limit is reached
   */
  arrived(): void;
  /** Releases the share. Call it once. */
  leave(): void;
}

/** Limits what waits for the ledger, so that a slow disk costs refused batches and not memory. */
export interface Admission {
  /** Batches that wait for the ledger. */
  readonly batches: number;
  /** Bytes of bodies that have come, of these batches and of those that are being read. */
  readonly bytes: number;
  /** The limits of both. */
  readonly maxBatches: number;
  readonly maxBytes: number;
  /**
   * Admits a batch before its body is read. What it announces takes no room: a client that sends nothing more would keep others out.
   *
   * @param onDropped called when the body has come too slowly while others need its room
   * @throws ConnectError `unavailable` with `Retry-After` if a limit is reached
   */
  admit(onDropped: (error: ConnectError) => void): Room;
}

/** How long a body may take before others may have its room, in milliseconds: an honest batch takes a fraction of a second. */
const slowBodyMs = 5_000;

/** A body that is being read. */
interface Arriving {
  readonly startedAt: number;
  drop(error: ConnectError): void;
}

/** Makes the admission control of an API, with no batch in flight. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { metrics, maxBatches, maxBytes, clock = () => performance.now() } = options;
  let batches = 0;
  let bytes = 0;
  /** The oldest first. */
  const arriving = new Set<Arriving>();

  function refusal(reason: 'batches' | 'bytes' | 'slow'): ConnectError {
    metrics.batchesRefused.inc({ reason });
    const message = {
      batches: `${maxBatches} batches already wait for the ledger`,
      bytes: `${maxBytes} bytes of batches already wait for the ledger`,
      slow: `the batch did not arrive within ${slowBodyMs / 1_000} s, and others need its room`,
    }[reason];
    return new ConnectError(`${message}; try again later`, Code.Unavailable, retryAfter());
  }

  /** Drops bodies that are slow until there is room. @param own the body that needs the room */
  function makeRoom(size: number, own?: Arriving): void {
    for (const body of arriving) {
      if (bytes + size <= maxBytes || clock() - body.startedAt <= slowBodyMs) break;
      if (body !== own) body.drop(refusal('slow'));
    }
    if (bytes + size > maxBytes) throw refusal('bytes');
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
    admit(onDropped) {
      if (batches >= maxBatches) throw refusal('batches');
      makeRoom(1);
      let held = 0;
      let places = 0;
      let dropped: ConnectError | undefined;
      const release = () => {
        arriving.delete(body);
        bytes -= held;
        batches -= places;
        held = 0;
        places = 0;
      };
      const body: Arriving = {
        startedAt: clock(),
        drop(error) {
          dropped = error;
          release();
          onDropped(error);
        },
      };
      arriving.add(body);
      return {
        growTo(now) {
          if (dropped !== undefined) throw dropped;
          if (now <= held) return;
          makeRoom(now - held, body);
          bytes += now - held;
          held = now;
        },
        arrived() {
          if (dropped !== undefined) throw dropped;
          arriving.delete(body);
          if (batches >= maxBatches) throw refusal('batches');
          batches += 1;
          places = 1;
        },
        leave: release,
      };
    },
  };
}
