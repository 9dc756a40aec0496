import {
  BytesIEC,
  CountsPerSecond,
  OpsPerSecond,
  PercentUnit,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds } from './alert-thresholds.ts';
import { perSecond, quantile, ratio, select, total } from './panel-expressions.ts';
import { timeSeries, type UnplacedPanel } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

const whenEmpty = notScraped('billaged');
const commitDuration = 'billaged_ledger_commit_duration_seconds';
const byInstance = { by: 'instance' };

/** What billaged keeps on disk: how batches wait for it, how long the disk takes, and what room is left. */
export function billagedLedgerSection(): Section {
  return {
    title: 'Ledger',
    height: 8,
    lines: [overloadLine(), commitLine(), diskLine()],
  };
}

function overloadLine(): UnplacedPanel[] {
  const inFlight = (of: string) =>
    ratio(
      total(select(`billaged_batches_in_flight${of}`), byInstance),
      total(select(`billaged_batches_in_flight_limit${of}`), byInstance),
    );
  return [
    timeSeries({
      title: 'Batches in flight',
      description: 'Batches that are being read or wait for the ledger.',
      unit: Short,
      whenEmpty,
      queries: [{ expr: total(select('billaged_batches_in_flight'), byInstance), legend: '{{instance}}' }],
    }),
    timeSeries({
      title: 'In flight, of the limit',
      description:
        'Batches and bytes in flight, as a share of what may be. At 100 % further batches are refused, which metald keeps and sends again.',
      unit: PercentUnit,
      whenEmpty,
      max: 1,
      queries: [
        { expr: inFlight(''), legend: 'batches {{instance}}' },
        { expr: inFlight('_bytes'), legend: 'bytes {{instance}}' },
      ],
    }),
    timeSeries({
      title: 'Batches refused',
      description:
        'Batches per second that were refused before they were read, by the limit that was reached. For 5 minutes: BillingBatchesRefused.',
      unit: OpsPerSecond,
      whenEmpty,
      stacked: true,
      queries: [{ expr: perSecond(select('billaged_batches_refused_total'), { by: 'reason' }), legend: '{{reason}}' }],
    }),
  ];
}

function commitLine(): UnplacedPanel[] {
  return [
    timeSeries({
      title: 'Ledger commit latency',
      description:
        'Time that a commit of the ledger waited for its disk. Nothing else is done meanwhile, so it is a part of every latency of billaged. Dashed: the p95 at which SlowBillingProcessing stands.',
      unit: Seconds,
      whenEmpty: 'Nothing was committed in this time',
      threshold: alertThresholds.SlowBillingProcessing,
      queries: [
        { expr: quantile(0.5, commitDuration), legend: 'p50' },
        { expr: quantile(0.95, commitDuration), legend: 'p95' },
        { expr: quantile(0.99, commitDuration), legend: 'p99' },
      ],
    }),
    timeSeries({
      title: 'Batches to a commit',
      description:
        'Batches for each commit. One, and the disk keeps up; more, and batches come faster than it syncs, which costs latency and no throughput. Below one, other work is committed: notices, totals, checks of readiness.',
      unit: Short,
      whenEmpty: 'Nothing was committed in this time',
      queries: [
        {
          expr: ratio(
            perSecond(select('billaged_batch_size_histogram_count'), byInstance),
            perSecond(select(`${commitDuration}_count`), byInstance),
          ),
          legend: '{{instance}}',
        },
      ],
    }),
    timeSeries({
      title: 'Ledger errors',
      description:
        'Batches, notices and questions about usage per second that the ledger could not serve. For 2 minutes: BillingLedgerFailing.',
      unit: CountsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(select('billaged_errors_total', 'component="ledger"'), byInstance), legend: '{{instance}}' },
      ],
    }),
  ];
}

function diskLine(): UnplacedPanel[] {
  return [
    timeSeries({
      title: 'Ledger size',
      description:
        'Bytes on disk: the file, and the log of what is not in it yet, some 32 MiB. A file that was compacted does not shrink; its room is used again.',
      unit: BytesIEC,
      whenEmpty: 'No billaged with a ledger of its own was scraped in this time',
      queries: [{ expr: total(select('billaged_ledger_size_bytes'), byInstance), legend: '{{instance}}' }],
    }),
    timeSeries({
      title: 'Room on the disk of the ledger',
      description:
        'Bytes that are left, whoever takes them. Below 1 GB: BillingLedgerDiskFilling. At 0 no batch is taken: BillingLedgerFailing.',
      unit: BytesIEC,
      whenEmpty: 'No billaged with a ledger on its disk was scraped in this time',
      queries: [{ expr: total(select('billaged_ledger_disk_free_bytes'), byInstance), legend: '{{instance}}' }],
    }),
  ];
}
