import { Code, ConnectError } from '@connectrpc/connect';
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { type BillingClient, retryAfterMs } from './billing-client.ts';
import type { Losses } from './losses.ts';
import type { BatchHeader, Notice } from './messages.ts';
import type { Notices } from './notices.ts';
import type { SpoolEntry } from './spool/entry.ts';
import type { Spool } from './spool/spool.ts';

/** How an attempt ended. */
export type DeliveryOutcome =
  | {
      readonly isSettled: true;
      /** A notice to deliver after the other entries of the VM: of the gap that a lost batch leaves. */
      readonly next?: SpoolEntry | undefined;
    }
  /** The entry has to be tried again, not before the time that billaged asked for. */
  | { readonly isSettled: false; readonly retryAfterMs: number | undefined };

/** The last stage: sends entries to billaged. */
export interface Delivery {
  /**
   * Tries to deliver an entry once, and removes it from the spool when it is settled: acknowledged, rejected or lost. It
   * never rejects, and ends soon after the signal is aborted.
   *
   * @param isBeforeBatch whether a batch of the same VM waits behind this entry: it cannot be sent before
   */
  deliver(entry: SpoolEntry, isBeforeBatch: boolean, signal: AbortSignal): Promise<DeliveryOutcome>;
}

/** What a delivery works with. */
export interface DeliveryOptions {
  readonly client: BillingClient;
  readonly spool: Spool;
  readonly notices: Notices;
  readonly losses: Losses;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

const settled: DeliveryOutcome = { isSettled: true };

/** Makes the delivery: it sends, counts and logs. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const deliverBatch = createBatchDelivery(options);
  const deliverNotice = createNoticeDelivery(options);
  return {
    deliver(entry, isBeforeBatch, signal) {
      const { content } = entry;
      return content.kind === 'batch'
        ? deliverBatch(entry, content, signal)
        : deliverNotice(entry, content, isBeforeBatch, signal);
    },
  };
}

function createBatchDelivery({ client, spool, notices, losses, metrics, logger, tracer, now }: DeliveryOptions) {
  /** A batch is sent in a trace of its own: no request waits for it. */
  function send(header: BatchHeader, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { vmId, customerId, sampleCount } = header;
    const attributes = { vm_id: vmId, customer_id: customerId, batch_size: sampleCount };
    return context.with(ROOT_CONTEXT, () =>
      tracer.startActiveSpan('metald.billing.send_batch', { kind: SpanKind.INTERNAL, attributes }, async (span) => {
        metrics.billingBatchesSent.inc();
        try {
          await client.sendBatch(bytes, signal);
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR });
          countBatchFailure(metrics);
          logger.warn({ ...attributes, error: ConnectError.from(error).message }, 'sending a billing batch failed');
          throw error;
        } finally {
          span.end();
        }
      }),
    );
  }

  /** A stored batch is lost after all: only our own notice reports the gap to billaged. */
  function lose(header: BatchHeader, reason: 'refused' | 'damaged', error: unknown): DeliveryOutcome {
    losses.lose(header, reason, error);
    const { vmId, firstTimestamp, lastTimestamp } = header;
    const gap = { kind: 'gap', vmId, lastSent: firstTimestamp, resumeTime: lastTimestamp } as const;
    return { isSettled: true, next: context.with(ROOT_CONTEXT, () => notices.store(gap)) };
  }

  return async (entry: SpoolEntry, header: BatchHeader, signal: AbortSignal): Promise<DeliveryOutcome> => {
    let bytes: Uint8Array;
    try {
      bytes = await spool.read(entry);
    } catch (error) {
      spool.remove(entry);
      return lose(header, 'damaged', error);
    }
    try {
      await send(header, bytes, signal);
    } catch (error) {
      if (signal.aborted || !isRefusalOfBatch(error)) return tryAgain(error, now());
      // billaged would reject it again, and the batches behind it would wait forever.
      spool.deadLetter(entry, bytes);
      metrics.billingDeadLetters.inc();
      return lose(header, 'refused', error);
    }
    spool.remove(entry);
    return settled;
  };
}

function createNoticeDelivery({ client, spool, metrics, logger, now }: DeliveryOptions) {
  /** A batch was to be sent after this notice and could not be: an outage must not hide behind a notice. */
  function countFailure(isBeforeBatch: boolean): void {
    if (isBeforeBatch) {
      metrics.billingBatchesSent.inc();
      countBatchFailure(metrics);
    } else {
      metrics.errors.inc({ component: 'billing' });
    }
  }

  return async (
    entry: SpoolEntry,
    notice: Notice,
    isBeforeBatch: boolean,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> => {
    const fields = { vm_id: notice.vmId, notice: notice.kind };
    metrics.billingNoticesSent.inc({ notice: notice.kind });
    try {
      // In the trace of the request that caused it.
      const cause = propagation.extract(ROOT_CONTEXT, entry.trace);
      await context.with(cause, () => client.sendNotice(notice, signal));
    } catch (error) {
      const { message } = ConnectError.from(error);
      metrics.billingNoticeFailures.inc({ notice: notice.kind });
      logger.warn({ ...fields, error: message }, 'sending a billing notice failed');
      if (signal.aborted || !isRefusalOfNotice(error)) {
        countFailure(isBeforeBatch);
        return tryAgain(error, now());
      }
      metrics.errors.inc({ component: 'billing' });
      logger.error(
        { operation: 'send_notice', ...fields, reason: 'refused', error: message },
        'billing notice dropped',
      );
    }
    spool.remove(entry);
    return settled;
  };
}

function countBatchFailure(metrics: MetaldMetrics): void {
  metrics.billingBatchFailures.inc();
  metrics.errors.inc({ component: 'billing' });
}

function tryAgain(error: unknown, nowMs: number): DeliveryOutcome {
  return { isSettled: false, retryAfterMs: retryAfterMs(error, nowMs) };
}

/** Codes by which billaged rejects an entry for its content: it would reject it again. */
const refusals: readonly Code[] = [Code.InvalidArgument, Code.FailedPrecondition, Code.OutOfRange];

/** Only a code about the batch itself: a wrong address responds `unimplemented`, and that must not lose a batch. */
export function isRefusalOfBatch(error: unknown): boolean {
  return refusals.includes(ConnectError.from(error).code);
}

/** billaged may not implement a notice, or not know its VM: dropping the notice loses no usage. */
function isRefusalOfNotice(error: unknown): boolean {
  return [...refusals, Code.NotFound, Code.Unimplemented].includes(ConnectError.from(error).code);
}
