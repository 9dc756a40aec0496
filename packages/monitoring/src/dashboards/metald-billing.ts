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

/** The path of usage samples from VMs to billaged, as metald sees it. */
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
          description: 'Usage samples taken from VMs, per second: ten for each running VM.',
          unit: CountsPerSecond,
          whenEmpty,
          queries: [{ expr: perSecond(select('metald_billing_metrics_collected_total')), legend: 'collected' }],
        }),
        timeSeries({
          title: 'Billing batches',
          description: 'Attempts to send a batch to billaged, per second, and failed attempts.',
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
            'Batches and notices that wait for billaged. The queue grows while billaged does not accept them; nothing is lost before the spool is full. Dashed: BillingQueueGrowing.',
          unit: Short,
          whenEmpty,
          threshold: alertThresholds.BillingQueueGrowing,
          queries: [{ expr: total(select('metald_billing_queue_batches'), byInstance), legend: '{{instance}}' }],
        }),
        timeSeries({
          title: 'Billing metrics dropped',
          description:
            'Usage samples dropped per second, by reason: the spool was full or could not be written, billaged rejected them, they could not be read back, or the process ended. Their usage is never billed: BillingMetricsDropped.',
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

/** The waiting batches: how full the spool is, how long they have waited, and whether they are sent. */
function spoolLine(): UnplacedPanel[] {
  const whenEmpty = notScraped('metald');
  return [
    timeSeries({
      title: 'Billing spool in use',
      description:
        'Bytes of the spool as a share of its limit. At 100 % new batches are dropped, and their usage is lost. Dashed: BillingSpoolFilling.',
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
        'Waiting time of the oldest batch in the spool; 0 when none waits. A single VM with failing batches raises it. Dashed: BillingBatchesLate.',
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
        'Instances by the state of their circuit breaker for billaged. Open: nothing is sent; half open: a single batch is tried. Not closed for 5 minutes: BillingBreakerOpen.',
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
        'Share of the sampling ticks that were skipped because they were a whole interval late: each of their VMs lacks a sample. Dashed: BillingSamplingLate.',
      unit: PercentUnit,
      whenEmpty,
      threshold: alertThresholds.BillingSamplingLate,
      queries: [{ expr: ratio(missed, `(${missed} + ${done})`), legend: '{{instance}}' }],
    }),
    timeSeries({
      title: 'Sampling tick lag',
      description:
        'Delay of the sampling ticks. Ticks that are late by the sampling interval (default 0.1 s) are skipped instead.',
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
        'Duration of a sampling tick. With more than 640 VMs there is a tick every 10 ms, so at 10 ms sampling uses a whole core.',
      unit: Seconds,
      whenEmpty,
      queries: [
        { expr: quantile(0.5, tickDuration), legend: 'p50' },
        { expr: quantile(0.99, tickDuration), legend: 'p99' },
      ],
    }),
  ];
}
