import type { Logger } from '@vmobs/telemetry';

/** Options of `createBatchLog`. */
export interface BatchLogOptions {
  readonly logger: Logger;
  /** Most batches in a second that have a line of their own. @default 100 */
  readonly linesPerSecond?: number;
}

/** A batch that was billed. */
export interface ProcessedBatch {
  readonly vmId: string;
  readonly customerId: string;
  readonly count: number;
  readonly duplicates: number;
}

/** Says which batches were billed. */
export interface BatchLog {
  processed(batch: ProcessedBatch): void;
  /** Writes what is not written yet. */
  close(): void;
}

const second = 1_000;

/**
 * Makes the log of billed batches: a line each at `info`, as by the original, as long as there are not too many. A line
 * costs a fifth of what billing a batch does, so of those over the limit one line a second gives the sums, and their own
 * lines are at `debug`. Either way the sum of `metrics_count` at `info` is what was billed.
 */
export function createBatchLog({ logger, linesPerSecond = 100 }: BatchLogOptions): BatchLog {
  let lines = 0;
  let batches = 0;
  let samples = 0;
  let duplicates = 0;
  let timer: NodeJS.Timeout | undefined;

  function endSecond(): void {
    timer = undefined;
    if (batches > 0) logger.info({ batches, metrics_count: samples, duplicates }, 'batches processed');
    lines = 0;
    batches = 0;
    samples = 0;
    duplicates = 0;
  }

  return {
    processed(batch) {
      timer ??= setTimeout(endSecond, second).unref();
      lines += 1;
      if (lines > linesPerSecond) {
        batches += 1;
        samples += batch.count;
        duplicates += batch.duplicates;
        if (!logger.isLevelEnabled('debug')) return;
      }
      logger[lines > linesPerSecond ? 'debug' : 'info'](
        {
          vm_id: batch.vmId,
          customer_id: batch.customerId,
          metrics_count: batch.count,
          duplicates: batch.duplicates,
        },
        'batch processed',
      );
    },
    close() {
      clearTimeout(timer);
      endSecond();
    },
  };
}
