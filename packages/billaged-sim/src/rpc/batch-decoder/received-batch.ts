import type { SampleColumns } from '../../ledger/sample-columns.ts';

/** A decoded batch. */
export interface ReceivedBatch {
  readonly vmId: string;
  readonly customerId: string;
  /** Number of samples that were sent. */
  readonly sampleCount: number;
  /**
   * The first samples, up to the maximum of a batch. A sample without a time has the seconds `NaN`; an amount that a
   * number cannot hold exactly is infinite.
   */
  readonly samples: SampleColumns;
  /** Whether the decoder has checked the time and the amounts of every sample, so that the ledger accepts them. */
  readonly isChecked: boolean;
}

/** Reads a body. The batch is valid until the next call, which may reuse the columns. @throws WireFormatError */
export type BatchDecoder = (body: Buffer) => ReceivedBatch;

/** The body is not a valid protobuf message. The message says why. */
export class WireFormatError extends Error {
  override readonly name = 'WireFormatError';
}
