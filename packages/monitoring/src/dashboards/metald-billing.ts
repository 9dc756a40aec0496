import { CountsPerSecond, OpsPerSecond, PercentUnit, Short } from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds } from './alert-thresholds.ts';
import { perSecond, quantile, ratio, select, total, zoomWindow } from './panel-expressions.ts';
import { timeSeries } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

const batchesSent = select('metald_billing_batches_sent_total');
const batchFailures = select('metald_billing_batch_failures_total');

/** Share of the attempts to send a batch that failed, per value of `by`. */
export function failedBatches(by: string, window: string): string {
  return ratio(perSecond(batchFailures, { by, window }), perSecond(batchesSent, { by, window }));
}

/** The way of usage samples from VMs to billaged, as far as metald sees it. */
export function metaldBillingSection(): Section {
  const whenEmpty = notScraped('metald');
  const batchSize = 'metald_billing_batch_size_histogram';
  return {
    title: 'Billing',
    height: 8,
    lines: [
      [
        timeSeries({
          title: 'Billing Metrics Collection',
          description: 'Usage samples taken from VMs, per second: ten for each VM that runs.',
          unit: CountsPerSecond,
          whenEmpty,
          queries: [{ expr: perSecond(select('metald_billing_metrics_collected_total')), legend: 'collected' }],
        }),
        timeSeries({
          title: 'Billing batches',
          description: 'Attempts to send a batch to billaged, per second, and those of them that failed.',
          unit: OpsPerSecond,
          whenEmpty,
          queries: [
            { expr: perSecond(batchesSent), legend: 'sent' },
            { expr: perSecond(batchFailures), legend: 'failed' },
          ],
        }),
        timeSeries({
          title: 'Billing batch failure ratio',
          description: 'Share of the attempts to send a batch that failed. Dashed: BillingDataLossRisk.',
          unit: PercentUnit,
          whenEmpty: 'No batch was sent in this time',
          threshold: alertThresholds.BillingDataLossRisk,
          queries: [{ expr: failedBatches('job', zoomWindow), legend: '{{job}}' }],
        }),
      ],
      [
        timeSeries({
          title: 'Billing queue',
          description:
            'Batches and notices that wait for billaged. It grows while billaged does not take them; at 1440 the oldest are given up. Dashed: BillingQueueGrowing.',
          unit: Short,
          whenEmpty,
          threshold: alertThresholds.BillingQueueGrowing,
          queries: [
            { expr: total(select('metald_billing_queue_batches'), { by: 'instance' }), legend: '{{instance}}' },
          ],
        }),
        timeSeries({
          title: 'Billing metrics dropped',
          description:
            'Usage samples that were given up, per second: the queue was full, billaged refused them, or the process ended. Each is usage that nobody pays for.',
          unit: CountsPerSecond,
          whenEmpty,
          queries: [{ expr: perSecond(select('metald_billing_metrics_dropped_total')), legend: 'dropped' }],
        }),
        timeSeries({
          title: 'Billing batch size',
          description: 'Usage samples in a batch; a full one has 600.',
          unit: Short,
          whenEmpty: 'No batch was filled in this time',
          queries: [
            { expr: quantile(0.5, batchSize), legend: 'p50' },
            { expr: quantile(0.95, batchSize), legend: 'p95' },
          ],
        }),
      ],
    ],
  };
}
