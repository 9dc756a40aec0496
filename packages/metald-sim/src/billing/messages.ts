/** Successive samples of one VM, ready to be sent: what the batcher passes on. */
export interface Batch {
  readonly vmId: string;
  readonly customerId: string;
  readonly sampleCount: number;
  /** Unix nanoseconds of the first and last sample. */
  readonly firstTimestamp: bigint;
  readonly lastTimestamp: bigint;
  /** The encoded billing.v1.SendMetricsBatchRequest. */
  readonly bytes: Uint8Array;
}

/** A batch without its bytes: what is kept of it in memory. */
export interface BatchHeader extends Omit<Batch, 'bytes'> {
  readonly kind: 'batch';
}

/**
 * Why samples are lost: the spool was full, the disk did not take them, billaged rejected them, they could not be read
 * back, or the process ended with them in memory. Values of a label.
 */
export const lossReasons = ['spool_full', 'spool_unwritable', 'refused', 'damaged', 'shutdown'] as const;

/** One of the reasons. */
export type LossReason = (typeof lossReasons)[number];

/** What metald tells billaged of a VM besides its samples. Times are Unix nanoseconds. */
export type Notice =
  | { readonly kind: 'started'; readonly vmId: string; readonly customerId: string; readonly startTime: bigint }
  | { readonly kind: 'stopped'; readonly vmId: string; readonly stopTime: bigint }
  /** Samples between these two times may be missing. */
  | { readonly kind: 'gap'; readonly vmId: string; readonly lastSent: bigint; readonly resumeTime: bigint };

/** The notice of a gap. */
export type GapNotice = Extract<Notice, { readonly kind: 'gap' }>;

/** The kinds of notices: values of a label. */
export const noticeKinds = ['started', 'stopped', 'gap'] as const satisfies readonly Notice['kind'][];

/** The header of a batch. */
export function headerOf({ vmId, customerId, sampleCount, firstTimestamp, lastTimestamp }: Batch): BatchHeader {
  return { kind: 'batch', vmId, customerId, sampleCount, firstTimestamp, lastTimestamp };
}

/** Unix milliseconds as the nanoseconds of the protocol, whole milliseconds. */
export function nanoseconds(unixMs: number): bigint {
  return BigInt(Math.floor(unixMs)) * 1_000_000n;
}
