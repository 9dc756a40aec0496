import { BytesIEC, OpsPerSecond, Short } from '@grafana/grafana-foundation-sdk/units';
import { perSecond, select, selectShared, total } from './panel-expressions.ts';
import { timeSeries, type UnplacedPanel } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

const whenEmpty = notScraped('metald');
const byInstance = { by: 'instance' };

/** Details for the diagnosis of billing problems: what waits, where it waits, and which faults are switched on. */
export function metaldBillingDetailsSection(): Section {
  return {
    title: 'Billing in detail',
    height: 8,
    lines: [waitingLine(), troubleLine()],
  };
}

function waitingLine(): UnplacedPanel[] {
  return [
    timeSeries({
      title: 'Billing samples that wait',
      description:
        'Usage samples and batches in the spool that billaged has not acknowledged, without samples in open batches.',
      unit: Short,
      whenEmpty,
      queries: [
        { expr: total(select('metald_billing_spool_samples'), byInstance), legend: 'samples, {{instance}}' },
        { expr: total(select('metald_billing_spool_batches'), byInstance), legend: 'batches, {{instance}}' },
      ],
    }),
    timeSeries({
      title: 'Open billing batches',
      description:
        'Memory of the samples in open batches, which a crash loses. It grows with the fleet and the batch size.',
      unit: BytesIEC,
      whenEmpty,
      queries: [{ expr: total(select('metald_billing_open_batches_bytes'), byInstance), legend: '{{instance}}' }],
    }),
    timeSeries({
      title: 'Billing notices',
      description:
        'Attempts to notify billaged of a start, a stop or a gap, per second, and failed attempts. Gap: samples of a VM may be missing.',
      unit: OpsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(select('metald_billing_notices_sent_total'), { by: 'notice' }), legend: '{{notice}}' },
        {
          expr: perSecond(select('metald_billing_notice_failures_total'), { by: 'notice' }),
          legend: '{{notice}}, failed',
        },
      ],
    }),
  ];
}

function troubleLine(): UnplacedPanel[] {
  return [
    timeSeries({
      title: 'Billing spool failures',
      description:
        'File system errors of the spool per second, and segments that could not be read when metald started: BillingSpoolFailing.',
      unit: Short,
      whenEmpty,
      queries: [
        {
          expr: perSecond(select('metald_billing_spool_failures_total'), { by: 'operation' }),
          legend: '{{operation}}, per second',
        },
        {
          expr: total(select('metald_billing_spool_corruptions'), byInstance),
          legend: 'corruptions, {{instance}}',
        },
      ],
    }),
    timeSeries({
      title: 'Billing dead letters',
      description:
        'Batches that billaged rejected, per second. A spool on disk keeps them until metald-sim resend-set-aside sends them again.',
      unit: OpsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(select('metald_billing_batches_set_aside_total'), byInstance), legend: '{{instance}}' },
      ],
    }),
    timeSeries({
      title: 'Faults on purpose',
      description:
        'Faults that were switched on at /sim/faults, by size; no line means no fault. They may explain other anomalies at that time.',
      unit: Short,
      whenEmpty: 'No fault was switched on in this time',
      queries: [
        {
          expr: `${selectShared('metald', 'sim_fault_size')} and ${selectShared('metald', 'sim_fault_active')} == 1`,
          legend: '{{fault}}, {{instance}}',
        },
      ],
    }),
  ];
}
