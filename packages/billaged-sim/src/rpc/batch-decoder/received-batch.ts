import type { SampleColumns } from '../../ledger/sample-columns.ts';

/** A batch as it came. */
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
  /** Whether a ledger is known to take the time and the amounts of each of them; otherwise nothing of it is checked. */
  readonly isChecked: boolean;
}

/** Reads a body. The batch is valid until the next call, which takes the columns again. @throws WireFormatError */
export type BatchDecoder = (body: Buffer) => ReceivedBatch;
