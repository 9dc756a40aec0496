import { Code, ConnectError } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import type { UsageLedger } from '../ledger/ledger.ts';
import { createLedgerGuard } from '../ledger-errors.ts';
import type { BillagedMetrics } from '../metrics.ts';
import type { ReceivedBatch } from './batch-decoder/received-batch.ts';
import type { BatchLog } from './batch-log.ts';
import { checkBatch, clockToleranceMs, dropFutureSamples } from './validation.ts';

/** Options of `createBatchReceiver`. */
export interface BatchReceiverOptions {
  readonly ledger: Pick<UsageLedger, 'append'>;
  readonly metrics: BillagedMetrics;
  readonly logger: Logger;
  readonly log: BatchLog;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** The answer to a batch. */
export interface BatchAnswer {
  readonly success: boolean;
  readonly message: string;
}

/**
 * Bills a batch and answers when it is durable. The columns of the batch may be reused as soon as this returns its promise.
 *
 * @param arrivedAt time of arrival, by `performance.now()`
 * @throws ConnectError `invalid_argument` if the batch cannot be billed, `unavailable` if the ledger does not answer
 */
export type BatchReceiver = (batch: ReceivedBatch, arrivedAt: number) => Promise<BatchAnswer>;

/** Makes the one path into the ledger, for batches of every protocol. */
export function createBatchReceiver({ ledger, metrics, logger, log, now }: BatchReceiverOptions): BatchReceiver {
  const withLedger = createLedgerGuard(metrics);

  return async (batch, arrivedAt) => {
    // The answer of the real service, with status 200.
    if (batch.sampleCount === 0) return { success: false, message: 'no metrics provided' };
    checkBatch(batch);
    const { vmId, customerId, samples } = batch;
    const future = dropFutureSamples(samples, now() + clockToleranceMs);
    const count = samples.length;
    if (future > 0) {
      metrics.metricsRefused.inc({ reason: 'future' }, future);
      logger.warn({ vm_id: vmId, customer_id: customerId, refused: future }, 'samples are ahead of the clock');
      if (count === 0) throw new ConnectError(`all ${aheadOfClock(future, now)}`, Code.InvalidArgument);
    }
    metrics.metricsReceived.inc(count);
    metrics.batchSize.observe(count);

    const { duplicates, sealed } = await withLedger(ledger.append(batch));
    metrics.metricsProcessed.inc(count);
    if (duplicates > 0) metrics.metricsDuplicate.inc(duplicates);
    if (sealed > 0) {
      metrics.metricsRefused.inc({ reason: 'closed' }, sealed);
      logger.warn({ vm_id: vmId, customer_id: customerId, refused: sealed }, 'samples are of hours that are sealed');
    }
    metrics.processingDuration.observe((performance.now() - arrivedAt) / 1_000);
    log.processed({ vmId, customerId, count, duplicates });
    const processed = `processed ${count} metrics`;
    return { success: true, message: future === 0 ? processed : `${processed}; refused ${aheadOfClock(future, now)}` };
  };
}

function aheadOfClock(count: number, now: () => number): string {
  return `${count} metrics that are more than 5 minutes ahead of ${new Date(now()).toISOString()}`;
}
