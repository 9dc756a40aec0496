import { BytesIEC, OpsPerSecond, Short } from '@grafana/grafana-foundation-sdk/units';
import { perSecond, select, selectShared, total } from './panel-expressions.ts';
import { timeSeries, type UnplacedPanel } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

const whenEmpty = notScraped('metald');
const byInstance = { by: 'instance' };

/** What somebody looks at who has found something wrong with billing: what waits, where it is, and what was done on purpose. */
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
        'Usage samples and batches in the spool, not acknowledged by billaged. What is in no full batch yet is not among them.',
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
        'Memory of the samples that are in no full batch yet, which a crash loses. It grows with the fleet and the size of batches.',
      unit: BytesIEC,
      whenEmpty,
      queries: [{ expr: total(select('metald_billing_open_batches_bytes'), byInstance), legend: '{{instance}}' }],
    }),
    timeSeries({
      title: 'Billing notices',
      description:
        'Attempts to tell billaged of a start, a stop or a gap, per second, and those of them that failed. A gap: samples of a VM may be missing.',
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
        'What the file system refused to the spool, per second, and stretches of it that could not be read when metald started: BillingSpoolFailing.',
      unit: Short,
      whenEmpty,
      queries: [
        {
          expr: perSecond(select('metald_billing_spool_failures_total'), { by: 'operation' }),
          legend: '{{operation}}, per second',
        },
        {
          expr: total(select('metald_billing_spool_damaged_stretches'), byInstance),
          legend: 'damaged stretches, {{instance}}',
        },
      ],
    }),
    timeSeries({
      title: 'Billing batches set aside',
      description:
        'Batches that billaged refused, per second. They are not sent again; with a spool on disk they are in its file set-aside.spool.',
      unit: OpsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(select('metald_billing_batches_set_aside_total'), byInstance), legend: '{{instance}}' },
      ],
    }),
    timeSeries({
      title: 'Faults on purpose',
      description:
        'Faults that were switched on at /sim/faults, by their size; a gap in a line is a time without. What else is odd in these minutes may be their doing.',
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
