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

/** The ledger of billaged on disk: waiting batches, duration of writes, and free space. */
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
        'Batches and bytes in flight as a share of their limits. At 100 % further batches are rejected; metald keeps and retries them.',
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
        'Batches per second that were rejected before they were read, by the limit that was reached. For 5 minutes: BillingBatchesRefused.',
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
        'Time that a ledger commit waits for the disk. billaged does nothing else meanwhile, so it adds to every latency. Dashed: the p95 limit of SlowBillingProcessing.',
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
        'Batches per commit. One: the disk keeps up. More: batches arrive faster than it syncs, which costs latency but no throughput. Below one: there are commits of other work, such as notices, rollups and readiness checks.',
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
        'Batches, notices and usage queries per second that the ledger failed to serve. For 2 minutes: BillingLedgerFailing.',
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
        'Bytes on disk: the file and its write-ahead log of about 32 MiB. Compaction does not shrink the file; its space is reused.',
      unit: BytesIEC,
      whenEmpty: 'No billaged with a ledger of its own was scraped in this time',
      queries: [{ expr: total(select('billaged_ledger_size_bytes'), byInstance), legend: '{{instance}}' }],
    }),
    timeSeries({
      title: 'Room on the disk of the ledger',
      description:
        'Free bytes on the disk. Below 1 GB: BillingLedgerDiskFilling. At 0 batches are rejected: BillingLedgerFailing.',
      unit: BytesIEC,
      whenEmpty: 'No billaged with a ledger on its disk was scraped in this time',
      queries: [{ expr: total(select('billaged_ledger_disk_free_bytes'), byInstance), legend: '{{instance}}' }],
    }),
  ];
}
