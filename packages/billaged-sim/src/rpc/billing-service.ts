import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import type { BillingService } from '@vmobs/wire/billing';
import { summarise } from '../aggregation/summary.ts';
import type { UsageLedger } from '../ledger/ledger.ts';
import type { BillagedMetrics } from '../metrics.ts';
import { readBatch } from './read-batch.ts';

/** Options of `createBillingService`. */
export interface BillingServiceOptions {
  readonly ledger: UsageLedger;
  readonly metrics: BillagedMetrics;
  readonly logger: Logger;
}

/** Makes the implementation of `billing.v1.BillingService`. */
export function createBillingService(options: BillingServiceOptions): ServiceImpl<typeof BillingService> {
  const { ledger, metrics, logger } = options;

  /** Calls the ledger; what it throws is an internal error of its own component. */
  function withLedger<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      metrics.errors.inc({ component: 'ledger' });
      throw new ConnectError('the ledger failed', Code.Internal, undefined, undefined, cause);
    }
  }

  return {
    sendMetricsBatch(request) {
      const arrivedAt = performance.now();
      // The answer of the real service, with status 200.
      if (request.metrics.length === 0) return { success: false, message: 'no metrics provided' };
      const batch = readBatch(request);
      const count = batch.samples.length;
      metrics.metricsReceived.inc(count);
      metrics.batchSize.observe(count);

      const { duplicates } = withLedger(() => ledger.append(batch));
      metrics.metricsProcessed.inc(count);
      metrics.metricsDuplicate.inc(duplicates);
      metrics.processingDuration.observe((performance.now() - arrivedAt) / 1_000);
      logger.info(
        { vm_id: batch.vmId, customer_id: batch.customerId, metrics_count: count, duplicates },
        'batch processed',
      );
      return { success: true, message: `processed ${count} metrics` };
    },

    sendHeartbeat({ instanceId, activeVms }) {
      logger.debug({ instance_id: instanceId, active_vms_count: activeVms.length }, 'heartbeat');
      return { success: true };
    },

    notifyVmStarted({ vmId, customerId, startTime }) {
      if (vmId === '') throw new ConnectError('vm_id is required', Code.InvalidArgument);
      withLedger(() => ledger.start({ vmId, customerId, startNanos: startTime }));
      logger.info({ vm_id: vmId, customer_id: customerId }, 'VM started');
      return { success: true };
    },

    notifyVmStopped({ vmId }) {
      const usage = withLedger(() => ledger.stop(vmId));
      if (usage === undefined) logger.warn({ vm_id: vmId }, 'a VM stopped that is not tracked');
      else logger.info(summarise(usage), 'final usage summary');
      return { success: true };
    },

    notifyPossibleGap({ vmId, lastSent, resumeTime }) {
      metrics.gapNotifications.inc();
      const gapMs = Number((resumeTime - lastSent) / 1_000_000n);
      logger.warn(
        { vm_id: vmId, last_sent: String(lastSent), resume_time: String(resumeTime), gap_duration_ms: gapMs },
        'samples may be missing',
      );
      return { success: true };
    },
  };
}
