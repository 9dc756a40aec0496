import type { ServiceImpl } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import { largestBatch } from '@vmobs/wire/billable';
import type { BillingService } from '@vmobs/wire/billing';
import { summarise } from '../aggregation/summary.ts';
import type { BatchFaults } from '../faults/batch-faults.ts';
import type { UsageLedger } from '../ledger/ledger.ts';
import { createLedgerGuard } from '../ledger-errors.ts';
import type { BillagedMetrics } from '../metrics.ts';
import { toColumns } from './batch-decoder/generated-decoder.ts';
import type { BatchReceiver } from './batch-receiver.ts';
import { checkId } from './validation.ts';

/** Options of `createBillingService`. */
export interface BillingServiceOptions {
  readonly ledger: Pick<UsageLedger, 'start' | 'stop' | 'gap'>;
  readonly metrics: BillagedMetrics;
  readonly logger: Logger;
  readonly receive: BatchReceiver;
  readonly faults: Pick<BatchFaults, 'beforeProcessing'>;
}

/** Makes the implementation of `billing.v1.BillingService`. */
export function createBillingService(options: BillingServiceOptions): ServiceImpl<typeof BillingService> {
  const { ledger, metrics, logger, receive, faults } = options;
  const withLedger = createLedgerGuard(metrics);

  return {
    async sendMetricsBatch(request) {
      const arrivedAt = performance.now();
      await faults.beforeProcessing();
      return receive(toColumns(request, largestBatch), arrivedAt);
    },

    sendHeartbeat({ instanceId, activeVms }) {
      checkId('instance_id', instanceId, 'optional');
      logger.debug({ instance_id: instanceId, active_vms_count: activeVms.length }, 'heartbeat');
      return { success: true };
    },

    async notifyVmStarted({ vmId, customerId, startTime }) {
      checkId('vm_id', vmId, 'required');
      checkId('customer_id', customerId, 'optional');
      await withLedger(ledger.start({ vmId, customerId, startNanos: startTime }));
      logger.info({ vm_id: vmId, customer_id: customerId }, 'VM started');
      return { success: true };
    },

    async notifyVmStopped({ vmId, stopTime }) {
      checkId('vm_id', vmId, 'optional');
      const usage = await withLedger(ledger.stop({ vmId, stopNanos: stopTime }));
      if (usage === undefined) logger.warn({ vm_id: vmId }, 'a VM stopped that is not tracked');
      else logger.info(summarise(usage), 'final usage summary');
      return { success: true };
    },

    async notifyPossibleGap({ vmId, lastSent, resumeTime }) {
      checkId('vm_id', vmId, 'optional');
      await withLedger(ledger.gap({ vmId, lastSentNanos: lastSent, resumeNanos: resumeTime }));
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
