import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { NoUnit, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds, objectives } from './alert-thresholds.ts';
import { apiSection } from './api-section.ts';
import { failedBatches, metaldBillingSection } from './metald-billing.ts';
import { metaldBillingDetailsSection } from './metald-billing-details.ts';
import { bootFailures, busiestVmsSection, vmSection } from './metald-vms.ts';
import { alertWindow, growth, highest, quantile, select, total } from './panel-expressions.ts';
import { stat, timeSeries } from './panels.ts';
import { processSection } from './process-section.ts';
import { createServiceDashboard, type Section } from './service-dashboard.ts';
import { apiErrorsStat, instancesDownStat, internalErrorsStat, memoryStat, notScraped } from './service-stats.ts';
import { telemetrySection } from './telemetry-section.ts';

/** The guide's dashboard "metald Operations": VMs, API, the path of samples to billaged, and the process. */
export function metaldOperations(): Dashboard {
  return createServiceDashboard({
    uid: 'metald-operations',
    title: 'metald Operations',
    description: 'VMs, API, billing and processes of metald.',
    service: 'metald',
    sections: [
      now(),
      vmSection(),
      apiSection('metald', objectives.apiLatency),
      metaldBillingSection(),
      metaldBillingDetailsSection(),
      processSection('metald', [
        timeSeries({
          title: 'Active resources (goroutines)',
          description: 'Active resources of the Node process: sockets, timers, requests. A steady climb is a leak.',
          unit: Short,
          whenEmpty: notScraped('metald'),
          queries: [{ expr: total(select('metald_go_goroutines'), { by: 'instance' }), legend: '{{instance}}' }],
        }),
      ]),
      busiestVmsSection(),
      telemetrySection('metald'),
    ],
  });
}

function now(): Section {
  return {
    title: 'Now',
    height: 4,
    lines: [
      [
        instancesDownStat('metald'),
        stat({
          title: 'Running VMs',
          description: 'Running VMs, over all instances.',
          unit: NoUnit,
          whenEmpty: 'No metald is scraped',
          query: { expr: total(select('metald_vms_total', 'state="running"')), legend: 'running' },
        }),
        memoryStat('metald'),
        internalErrorsStat('metald'),
        apiErrorsStat('metald', objectives.apiErrors),
        stat({
          title: 'API latency p99 now',
          description: '99th percentile over all RPCs of the last 5 minutes. Orange: over the objective.',
          unit: Seconds,
          whenEmpty: 'No requests in 5 min',
          threshold: objectives.apiLatency,
          query: { expr: quantile(0.99, 'metald_api_duration_seconds', { window: alertWindow }), legend: 'p99' },
        }),
      ],
      [
        stat({
          title: 'VM boots failing',
          description:
            'Share of the boots of the last 5 minutes that failed, on the worst instance. Orange: VMBootFailures, after 10 minutes.',
          unit: PercentUnit,
          whenEmpty: 'No boots in 5 min',
          threshold: alertThresholds.VMBootFailures,
          query: { expr: highest(bootFailures('job, instance', alertWindow)), legend: 'failed' },
        }),
        stat({
          title: 'Billing batches failing',
          description:
            'Share of the attempts of the last 5 minutes to send a batch that failed. Red: BillingDataLossRisk, after 5 minutes.',
          unit: PercentUnit,
          whenEmpty: 'No batches in 5 min',
          threshold: alertThresholds.BillingDataLossRisk,
          query: { expr: highest(failedBatches('job', alertWindow)), legend: 'failed' },
        }),
        stat({
          title: 'Billing queue now',
          description:
            'Batches and notices that wait for billaged, in the worst instance. Orange: BillingQueueGrowing, after 5 minutes.',
          unit: NoUnit,
          whenEmpty: 'No metald is scraped',
          threshold: alertThresholds.BillingQueueGrowing,
          query: { expr: highest(select('metald_billing_queue_batches')), legend: 'waiting' },
        }),
        stat({
          title: 'Billing metrics lost',
          description: 'Usage samples dropped in the last 5 minutes. Red: BillingMetricsDropped, at once.',
          unit: Short,
          whenEmpty: 'No metald is scraped',
          threshold: alertThresholds.BillingMetricsDropped,
          query: {
            expr: growth(select('metald_billing_metrics_dropped_total')),
            legend: 'lost',
          },
        }),
      ],
    ],
  };
}
