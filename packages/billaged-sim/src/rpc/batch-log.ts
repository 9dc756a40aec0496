import type { Logger } from '@vmobs/telemetry';

/** Options of `createBatchLog`. */
export interface BatchLogOptions {
  readonly logger: Logger;
  /** Maximum number of batches per second with their own log line. @default 100 */
  readonly linesPerSecond?: number;
}

/** A billed batch. */
export interface ProcessedBatch {
  readonly vmId: string;
  readonly customerId: string;
  readonly count: number;
  readonly duplicates: number;
}

/** The log of billed batches. */
export interface BatchLog {
  processed(batch: ProcessedBatch): void;
  /** Writes the line of the current second. */
  close(): void;
}

const second = 1_000;

/**
 * Makes the log of billed batches: one line each at `info`, as the original writes, up to the limit per second. A line costs
 * a fifth of billing a batch. So batches over the limit have their lines at `debug`, and one line a second at `info` with
 * their totals. Either way the sum of `metrics_count` at `info` is the number of billed samples.
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
