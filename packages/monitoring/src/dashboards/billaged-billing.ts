import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  CountsPerSecond,
  NoUnit,
  OpsPerSecond,
  PercentUnit,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds, objectives } from './alert-thresholds.ts';
import { apiSection } from './api-section.ts';
import { billagedLedgerSection } from './billaged-ledger.ts';
import { alertWindow, highest, perSecond, quantile, ratio, select, total } from './panel-expressions.ts';
import { stat, timeSeries } from './panels.ts';
import { processSection } from './process-section.ts';
import { createServiceDashboard, type Section } from './service-dashboard.ts';
import { apiErrorsStat, instancesDownStat, internalErrorsStat, memoryStat, notScraped } from './service-stats.ts';
import { telemetrySection } from './telemetry-section.ts';

const whenEmpty = notScraped('billaged');
const processingDuration = 'billaged_processing_duration_seconds';
const aggregationDuration = 'billaged_aggregation_duration_seconds';
const batchSize = 'billaged_batch_size_histogram';
const received = select('billaged_metrics_received_total');
const processed = select('billaged_metrics_processed_total');
const noBatch = 'No batch was received in this time';

/** The guide's dashboard "billaged Billing System": received and billed samples, ledger, aggregation, API and process. */
export function billagedBilling(): Dashboard {
  return createServiceDashboard({
    uid: 'billaged-billing',
    title: 'billaged Billing System',
    description: 'Usage samples, the ledger, aggregation, API and processes of billaged.',
    service: 'billaged',
    sections: [
      now(),
      billing(),
      billagedLedgerSection(),
      aggregation(),
      apiSection('billaged'),
      processSection('billaged'),
      telemetrySection('billaged'),
    ],
  });
}

function now(): Section {
  const window = alertWindow;
  return {
    title: 'Now',
    height: 4,
    lines: [
      [
        instancesDownStat('billaged'),
        stat({
          title: 'Active VMs',
          description: 'VMs that are tracked: started or seen in a batch, and not stopped.',
          unit: NoUnit,
          whenEmpty: 'No billaged is scraped',
          query: { expr: total(select('billaged_active_vms')), legend: 'tracked' },
        }),
        memoryStat('billaged'),
        internalErrorsStat('billaged'),
      ],
      [
        apiErrorsStat('billaged'),
        stat({
          title: 'Metrics not processed',
          description:
            'Share of the received usage samples of the last 5 minutes that were not billed. Orange: over the objective.',
          unit: PercentUnit,
          whenEmpty: 'Nothing received in 5 min',
          threshold: objectives.unprocessedMetrics,
          query: {
            // A scrape between the two counters can see more processed than received.
            expr: `clamp_min(1 - ${ratio(perSecond(processed, { window }), perSecond(received, { window }))}, 0)`,
            legend: 'not processed',
          },
        }),
        stat({
          title: 'Processing p95 now',
          description:
            '95th percentile of the time that a batch took on the slowest instance, over 5 minutes. Orange: SlowBillingProcessing, after 10 minutes.',
          unit: Seconds,
          whenEmpty: 'No batches in 5 min',
          threshold: alertThresholds.SlowBillingProcessing,
          query: { expr: highest(quantile(0.95, processingDuration, { by: 'job, instance', window })), legend: 'p95' },
        }),
        stat({
          title: 'Aggregation p95 now',
          description:
            '95th percentile of the time that an aggregation cycle took, over 5 minutes. Orange: over the documented limit.',
          unit: Seconds,
          whenEmpty: 'No cycle in 5 min',
          threshold: objectives.aggregationDuration,
          query: { expr: quantile(0.95, aggregationDuration, { window }), legend: 'p95' },
        }),
      ],
    ],
  };
}

function billing(): Section {
  return { title: 'Billing', height: 8, lines: [samplePanels(), batchPanels(), vmPanels(), notBilledPanels()] };
}

/** What comes in, and what of it is billed. */
function samplePanels(): Section['lines'][number] {
  return [
    timeSeries({
      title: 'Metrics Processing Rate',
      description: 'Usage samples billed per second.',
      unit: CountsPerSecond,
      whenEmpty,
      queries: [{ expr: perSecond(processed), legend: 'processed' }],
    }),
    timeSeries({
      title: 'Metrics received, processed and duplicate',
      description:
        'Usage samples per second. Received and processed should coincide; duplicates were resent after a lost response and are billed once.',
      unit: CountsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(received), legend: 'received' },
        { expr: perSecond(processed), legend: 'processed' },
        { expr: perSecond(select('billaged_metrics_duplicate_total')), legend: 'duplicate' },
      ],
    }),
    timeSeries({
      title: 'Batches received',
      description: 'Well-formed batches per second.',
      unit: OpsPerSecond,
      whenEmpty,
      queries: [{ expr: perSecond(select(`${batchSize}_count`)), legend: 'batches' }],
    }),
  ];
}

/** The size of batches, and how long they take. */
function batchPanels(): Section['lines'][number] {
  return [
    timeSeries({
      title: 'Batch Size Distribution',
      description: 'Usage samples in a batch; a full one of metald has 600.',
      unit: Short,
      whenEmpty: noBatch,
      queries: [
        { expr: quantile(0.5, batchSize), legend: 'p50' },
        { expr: quantile(0.95, batchSize), legend: 'p95' },
      ],
    }),
    timeSeries({
      title: 'Processing Latency',
      description:
        'From the arrival of a batch until it is billed. Dashed: SlowBillingProcessing, for the p95 of each instance.',
      unit: Seconds,
      whenEmpty: noBatch,
      threshold: alertThresholds.SlowBillingProcessing,
      queries: [
        { expr: quantile(0.5, processingDuration), legend: 'p50' },
        { expr: quantile(0.95, processingDuration), legend: 'p95' },
        { expr: quantile(0.99, processingDuration), legend: 'p99', exemplars: true },
      ],
    }),
  ];
}

/** The VMs that are billed, and what may be missing of them. */
function vmPanels(): Section['lines'][number] {
  return [
    timeSeries({
      title: 'Active VMs Tracked',
      description:
        'VMs that are tracked: started or seen in a batch, and not stopped. Follows the running and paused VMs of metald.',
      unit: Short,
      whenEmpty,
      queries: [{ expr: total(select('billaged_active_vms')), legend: 'tracked' }],
    }),
    timeSeries({
      title: 'Gap notifications',
      description:
        'Gap notices per second: samples of a VM may be missing, because metald was restarted, dropped samples, or its clock jumped. Its log and metald Operations say which.',
      unit: OpsPerSecond,
      whenEmpty,
      queries: [{ expr: perSecond(select('billaged_gap_notifications_total')), legend: 'notices' }],
    }),
  ];
}

/** What is not billed, and why. */
function notBilledPanels(): Section['lines'][number] {
  return [
    timeSeries({
      title: 'Metrics not billed',
      description:
        'Usage samples per second that billaged rejected, by reason: more than 5 minutes in the future (future), or in sealed hours (closed). They are never billed: BillingSamplesRefused.',
      unit: CountsPerSecond,
      whenEmpty,
      stacked: true,
      queries: [{ expr: perSecond(select('billaged_metrics_refused_total'), { by: 'reason' }), legend: '{{reason}}' }],
    }),
    timeSeries({
      title: 'Share of duplicates',
      description:
        'Share of the usage samples whose time is already billed, over 5 minutes. Causes: lost responses, or a second sender of the same VM. Dashed: BillingDuplicates, after 10 minutes.',
      unit: PercentUnit,
      whenEmpty: 'Nothing was processed in this time',
      threshold: alertThresholds.BillingDuplicates,
      queries: [
        {
          expr: ratio(
            perSecond(select('billaged_metrics_duplicate_total'), { by: 'job', window: alertWindow }),
            perSecond(processed, { by: 'job', window: alertWindow }),
          ),
          legend: '{{job}}',
        },
      ],
    }),
  ];
}

/** There is one cycle a minute, so the range that follows the zoom would contain one cycle or none. */
function aggregation(): Section {
  const window = alertWindow;
  return {
    title: 'Aggregation',
    height: 8,
    lines: [
      [
        timeSeries({
          title: 'Aggregation duration',
          description: 'Duration of an aggregation cycle, over 5 minutes. Dashed: the documented limit.',
          unit: Seconds,
          whenEmpty: 'No cycle ended in this time',
          threshold: objectives.aggregationDuration,
          queries: [
            { expr: quantile(0.5, aggregationDuration, { window }), legend: 'p50' },
            { expr: quantile(0.95, aggregationDuration, { window }), legend: 'p95' },
          ],
        }),
        timeSeries({
          title: 'Aggregation cycles',
          description:
            'Cycles per second over 5 minutes, failed ones included, and failed cycles. 0: there are no usage summaries.',
          unit: OpsPerSecond,
          whenEmpty,
          queries: [
            { expr: perSecond(select(`${aggregationDuration}_count`), { window }), legend: 'all' },
            { expr: perSecond(select('billaged_aggregation_errors_total'), { window }), legend: 'failed' },
          ],
        }),
      ],
    ],
  };
}
