import { CountsPerSecond, OpsPerSecond, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds } from './alert-thresholds.ts';
import { perSecond, quantile, ratio, select, total, zoomWindow } from './panel-expressions.ts';
import { timeSeries, type UnplacedPanel } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

const batchesSent = select('metald_billing_batches_sent_total');
const batchFailures = select('metald_billing_batch_failures_total');
const tickLag = 'metald_billing_tick_lag_seconds';
const tickDuration = 'metald_billing_tick_duration_seconds';
const byInstance = { by: 'instance' };

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
            'Batches and notices that wait for billaged. It grows while billaged does not take them; nothing is lost before the spool is full. Dashed: BillingQueueGrowing.',
          unit: Short,
          whenEmpty,
          threshold: alertThresholds.BillingQueueGrowing,
          queries: [{ expr: total(select('metald_billing_queue_batches'), byInstance), legend: '{{instance}}' }],
        }),
        timeSeries({
          title: 'Billing metrics dropped',
          description:
            'Usage samples that were given up, per second, by the reason: the spool was full or could not be written to, billaged refused them, they could not be read back, or the process ended. Each is usage that nobody pays for: BillingMetricsDropped.',
          unit: CountsPerSecond,
          whenEmpty,
          stacked: true,
          queries: [
            { expr: perSecond(select('metald_billing_metrics_dropped_total'), { by: 'reason' }), legend: '{{reason}}' },
          ],
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
      spoolLine(),
      samplingLine(),
    ],
  };
}

/** Where batches wait: how full it is, how long they have been there, and whether they are sent. */
function spoolLine(): UnplacedPanel[] {
  const whenEmpty = notScraped('metald');
  return [
    timeSeries({
      title: 'Billing spool in use',
      description:
        'Bytes of the spool, as a share of its limit. At 100 % no more batches are taken, and their usage is lost. Dashed: BillingSpoolFilling.',
      unit: PercentUnit,
      whenEmpty,
      threshold: alertThresholds.BillingSpoolFilling,
      queries: [
        {
          expr: ratio(
            total(select('metald_billing_spool_bytes'), byInstance),
            total(select('metald_billing_spool_limit_bytes'), byInstance),
          ),
          legend: '{{instance}}',
        },
      ],
    }),
    timeSeries({
      title: 'Oldest billing batch',
      description:
        'How long the oldest batch of the spool has waited; 0 when none waits. One VM whose batches fail is enough to raise it. Dashed: BillingBatchesLate.',
      unit: Seconds,
      whenEmpty,
      threshold: alertThresholds.BillingBatchesLate,
      queries: [
        {
          expr: `max by (instance) (${select('metald_billing_oldest_batch_age_seconds')})`,
          legend: '{{instance}}',
        },
      ],
    }),
    timeSeries({
      title: 'Billing circuit breaker',
      description:
        'Instances by the state of their circuit breaker before billaged. Open: nothing is sent; half open: a single batch is tried. Not closed for 5 minutes: BillingBreakerOpen.',
      unit: Short,
      whenEmpty,
      stacked: true,
      queries: [{ expr: total(select('metald_billing_breaker_state'), { by: 'state' }), legend: '{{state}}' }],
    }),
  ];
}

/** Whether the process keeps up with sampling its VMs. */
function samplingLine(): UnplacedPanel[] {
  const missed = perSecond(select('metald_billing_ticks_missed_total'), byInstance);
  const done = perSecond(select(`${tickLag}_count`), byInstance);
  const whenEmpty = 'No VM was sampled in this time';
  return [
    timeSeries({
      title: 'Sampling ticks missed',
      description:
        'Share of the ticks of sampling that were left out because they were a whole interval late: the VMs of each lack a sample. Dashed: BillingSamplingLate.',
      unit: PercentUnit,
      whenEmpty,
      threshold: alertThresholds.BillingSamplingLate,
      queries: [{ expr: ratio(missed, `(${missed} + ${done})`), legend: '{{instance}}' }],
    }),
    timeSeries({
      title: 'Sampling tick lag',
      description:
        'How late the ticks of sampling that came began. From the sampling interval on, 0.1 s unless set, ticks are left out instead.',
      unit: Seconds,
      whenEmpty,
      queries: [
        { expr: quantile(0.5, tickLag), legend: 'p50' },
        { expr: quantile(0.99, tickLag), legend: 'p99' },
      ],
    }),
    timeSeries({
      title: 'Sampling tick duration',
      description:
        'How long a tick of sampling works. In fleets of more than 640 VMs a tick comes every 10 ms: at that, sampling takes all of its core.',
      unit: Seconds,
      whenEmpty,
      queries: [
        { expr: quantile(0.5, tickDuration), legend: 'p50' },
        { expr: quantile(0.99, tickDuration), legend: 'p99' },
      ],
    }),
  ];
}
