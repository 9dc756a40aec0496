import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics.ts';
import { createLogThrottle } from './log-throttle.ts';
import type { LossReason } from './loss-reason.ts';
import type { BatchHeader } from './spool/entry.ts';

/** A full spool loses every batch: a line in so many milliseconds says it. */
const lineEveryMs = 10_000;

/** The account of samples that are not billed. */
export interface Losses {
  /** Samples that were lost up to now. */
  readonly samples: number;
  /** Counts and logs the loss of a batch. */
  lose(batch: BatchHeader, reason: LossReason, error?: unknown): void;
}

/** Which batch a line of the log is about. Times are Unix nanoseconds. */
export function describeBatch({ vmId, customerId, sampleCount, firstTimestamp, lastTimestamp }: BatchHeader) {
  return {
    vm_id: vmId,
    customer_id: customerId,
    batch_size: sampleCount,
    first_sample: String(firstTimestamp),
    last_sample: String(lastTimestamp),
  };
}

/** Options of `createLosses`. */
export interface LossesOptions {
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  /** Is told of a batch that was lost after it had been stored. */
  readonly onStoredLoss: (batch: BatchHeader) => void;
}

/** Makes an account of nothing. */
export function createLosses({ metrics, logger, onStoredLoss }: LossesOptions): Losses {
  let samples = 0;
  const notStored = createLogThrottle(lineEveryMs);
  return {
    get samples() {
      return samples;
    },
    lose(batch, reason, error) {
      samples += batch.sampleCount;
      metrics.billingMetricsDropped.inc({ reason }, batch.sampleCount);
      const isNotStored = reason === 'spool_full' || reason === 'spool_unwritable';
      const line = isNotStored ? notStored.next() : { leftOut: 0 };
      if (line === undefined) return;
      logger.error(
        {
          operation: isNotStored ? 'store_batch' : 'send_batch',
          ...describeBatch(batch),
          reason,
          ...(error instanceof Error && { error: error.message }),
          ...(isNotStored && { lines_left_out: line.leftOut }),
        },
        'billing batch was given up',
      );
      if (reason === 'refused' || reason === 'damaged') onStoredLoss(batch);
    },
  };
}
