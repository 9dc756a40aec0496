import { Code, ConnectError } from '@connectrpc/connect';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics.ts';
import type { Batch } from './batches.ts';
import type { BillingClient } from './billing-client.ts';
import type { Delivery } from './queue.ts';

/** What deliveries are made with. */
export interface DeliveryParts {
  readonly client: BillingClient;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
}

/** The notices that metald sends. */
export type Notice =
  | { readonly kind: 'started'; readonly vmId: string; readonly customerId: string; readonly startTime: bigint }
  | { readonly kind: 'stopped'; readonly vmId: string; readonly stopTime: bigint };

/** Makes deliveries of batches and notices. */
export function createDeliveries({ client, metrics, logger, tracer }: DeliveryParts) {
  /** A batch is sent in a trace of its own: no request waits for it. */
  function batch({ vmId, customerId, samples }: Batch): Delivery {
    const fields = { vm_id: vmId, customer_id: customerId, batch_size: samples.length };
    metrics.billingBatchSize.observe(samples.length);

    const send = async (signal: AbortSignal) => {
      metrics.billingBatchesSent.inc();
      try {
        const { success, message } = await client.sendMetricsBatch(
          { vmId, customerId, metrics: [...samples] },
          { signal },
        );
        if (!success) throw new ConnectError(message, Code.InvalidArgument);
      } catch (error) {
        metrics.billingBatchFailures.inc();
        metrics.errors.inc({ component: 'billing' });
        logger.warn({ ...fields, error: ConnectError.from(error).message }, 'billing batch was not taken');
        throw error;
      }
    };
    return {
      sampleCount: samples.length,
      attempt: (signal) =>
        context.with(ROOT_CONTEXT, () =>
          tracer.startActiveSpan('metald.billing.send_batch', { kind: SpanKind.INTERNAL, attributes: fields }, (span) =>
            send(signal)
              .catch((error: unknown) => {
                span.setStatus({ code: SpanStatusCode.ERROR });
                throw error;
              })
              .finally(() => span.end()),
          ),
        ),
      isWorthRetrying,
      giveUp(reason) {
        metrics.billingMetricsDropped.inc(samples.length);
        logger.error({ ...fields, reason }, 'billing batch was given up');
      },
    };
  }

  /** A notice belongs to the trace of the request that caused it. */
  function notice(content: Notice): Delivery {
    const { kind, vmId } = content;
    const cause = context.active();
    const call = (signal: AbortSignal) =>
      kind === 'started' ? client.notifyVmStarted(content, { signal }) : client.notifyVmStopped(content, { signal });
    return {
      sampleCount: 0,
      async attempt(signal) {
        try {
          await context.with(cause, call, undefined, signal);
        } catch (error) {
          metrics.errors.inc({ component: 'billing' });
          logger.warn(
            { vm_id: vmId, notice: kind, error: ConnectError.from(error).message },
            'billing notice was not taken',
          );
          throw error;
        }
      },
      isWorthRetrying,
      giveUp: (reason) => logger.error({ vm_id: vmId, notice: kind, reason }, 'billing notice was given up'),
    };
  }

  return { batch, notice };
}

/** Not worth it are answers that billaged would give again: it has read the request and does not want it. */
function isWorthRetrying(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return ![Code.InvalidArgument, Code.FailedPrecondition, Code.OutOfRange, Code.Unimplemented].includes(code);
}
