import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { createLogThrottle } from './log-throttle.ts';
import type { BatchHeader, LossReason } from './messages.ts';

/** Shortest time between two lines about batches that were not stored: a full spool loses every batch. */
const lineEveryMs = 10_000;

/** Counts the samples that are not billed. */
export interface Losses {
  /** Samples that were lost up to now. */
  readonly samples: number;
  /** Counts and logs the loss of a batch. Lines may be left out of the log; the counts are exact. */
  lose(batch: BatchHeader, reason: LossReason, error?: unknown): void;
}

/** The batch that a log line is about. Times are Unix nanoseconds. */
export function describeBatch({ vmId, customerId, sampleCount, firstTimestamp, lastTimestamp }: BatchHeader) {
  return {
    vm_id: vmId,
    customer_id: customerId,
    batch_size: sampleCount,
    first_sample: String(firstTimestamp),
    last_sample: String(lastTimestamp),
  };
}

/** What losses are counted and logged with. */
export interface LossesOptions {
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
}

/** Makes a count of no losses. */
export function createLosses({ metrics, logger }: LossesOptions): Losses {
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
        'billing batch dropped',
      );
    },
  };
}
