import { Code, ConnectError } from '@connectrpc/connect';
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics.ts';
import type { BillingClient } from './billing-client.ts';
import type { Losses } from './losses.ts';
import type { Notice } from './notice.ts';
import { retryAfterMs } from './retry-after.ts';
import type { Attempt, AttemptOutcome } from './sender.ts';
import type { BatchHeader, SpoolEntry } from './spool/entry.ts';
import type { Spool } from './spool/spool.ts';

/** What deliveries are made with. */
export interface DeliveryParts {
  readonly client: BillingClient;
  readonly spool: Spool;
  readonly losses: Losses;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

const settled: AttemptOutcome = { isSettled: true };

/** Makes what tries to deliver an entry: sends it, counts and logs that, and forgets it once it is dealt with. */
export function createDeliveries({ client, spool, losses, metrics, logger, tracer, now }: DeliveryParts): Attempt {
  async function deliverBatch(entry: SpoolEntry, header: BatchHeader, signal: AbortSignal): Promise<AttemptOutcome> {
    let bytes: Uint8Array;
    try {
      bytes = await spool.read(entry);
    } catch (error) {
      spool.remove(entry);
      losses.lose(header, 'damaged', error);
      return settled;
    }
    try {
      await sendBatch(header, bytes, signal);
    } catch (error) {
      if (signal.aborted || !isRefusalOfBatch(error)) return tryAgain(error);
      // billaged would give the same answer again, and the batches behind this one would wait for ever.
      spool.setAside(entry, bytes);
      metrics.billingBatchesSetAside.inc();
      losses.lose(header, 'refused', error);
      return settled;
    }
    spool.remove(entry);
    return settled;
  }

  /** A batch is sent in a trace of its own: no request waits for it. */
  function sendBatch(header: BatchHeader, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { vmId, customerId, sampleCount } = header;
    const attributes = { vm_id: vmId, customer_id: customerId, batch_size: sampleCount };
    return context.with(ROOT_CONTEXT, () =>
      tracer.startActiveSpan('metald.billing.send_batch', { kind: SpanKind.INTERNAL, attributes }, async (span) => {
        metrics.billingBatchesSent.inc();
        try {
          await client.sendBatch(bytes, signal);
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR });
          countBatchFailure();
          logger.warn({ ...attributes, error: ConnectError.from(error).message }, 'billing batch was not taken');
          throw error;
        } finally {
          span.end();
        }
      }),
    );
  }

  function countBatchFailure(): void {
    metrics.billingBatchFailures.inc();
    metrics.errors.inc({ component: 'billing' });
  }

  /** A notice belongs to the trace of the request that caused it. */
  async function deliverNotice(
    entry: SpoolEntry,
    content: Notice,
    isBeforeBatch: boolean,
    signal: AbortSignal,
  ): Promise<AttemptOutcome> {
    const fields = { vm_id: content.vmId, notice: content.kind };
    metrics.billingNoticesSent.inc({ notice: content.kind });
    try {
      const cause = propagation.extract(ROOT_CONTEXT, entry.trace);
      await context.with(cause, () => client.sendNotice(content, signal));
    } catch (error) {
      metrics.billingNoticeFailures.inc({ notice: content.kind });
      logger.warn({ ...fields, error: ConnectError.from(error).message }, 'billing notice was not taken');
      if (signal.aborted || !isRefusalOfNotice(error)) {
        // The batch behind it was to be sent and could not be: an outage must not hide behind a notice.
        if (isBeforeBatch) {
          metrics.billingBatchesSent.inc();
          countBatchFailure();
        } else {
          metrics.errors.inc({ component: 'billing' });
        }
        return tryAgain(error);
      }
      metrics.errors.inc({ component: 'billing' });
      logger.error(
        { operation: 'send_notice', ...fields, reason: 'refused', error: ConnectError.from(error).message },
        'billing notice was given up',
      );
    }
    spool.remove(entry);
    return settled;
  }

  function tryAgain(error: unknown): AttemptOutcome {
    return { isSettled: false, retryAfterMs: retryAfterMs(error, now()) };
  }

  return (entry, isBeforeBatch, signal) => {
    const { content } = entry;
    return content.kind === 'batch'
      ? deliverBatch(entry, content, signal)
      : deliverNotice(entry, content, isBeforeBatch, signal);
  };
}

/** Codes by which billaged says of what it has read that it does not want it: the same would be answered again. */
const refusals: readonly Code[] = [Code.InvalidArgument, Code.FailedPrecondition, Code.OutOfRange];

/** Only an answer about the batch itself: a wrong address answers `unimplemented`, and that must cost no bill. */
function isRefusalOfBatch(error: unknown): boolean {
  return refusals.includes(ConnectError.from(error).code);
}

/** A notice may be one that this billaged does not have or a VM that it does not know: nothing is lost by that. */
function isRefusalOfNotice(error: unknown): boolean {
  return [...refusals, Code.NotFound, Code.Unimplemented].includes(ConnectError.from(error).code);
}
