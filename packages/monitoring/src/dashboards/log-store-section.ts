import {
  BytesIEC,
  CountsPerSecond,
  EventsPerSecond,
  RequestsPerSecond,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds } from './alert-thresholds.ts';
import { growth, perSecond, select, selectShared, total } from './panel-expressions.ts';
import { timeSeries, type UnplacedPanel } from './panels.ts';
import type { Section } from './service-dashboard.ts';

const whenEmpty = 'No VictoriaLogs was scraped in this time';
const byInstance = { by: 'instance' };

/** Dropped lines that VictoriaLogs only logs, by the place in its source code that logs them. */
const otherDrops = ['level="warn"', 'location=~".+/log_rows.go:.+"'] as const;

/** The metrics of VictoriaLogs itself: lines, their size on disk, and its queries. */
export function logStoreSection(): Section {
  return {
    title: 'Log store',
    height: 8,
    lines: [linePanels(), comparisonPanels(), diskPanels(), queryPanels(), processPanels()],
  };
}

function linePanels(): readonly UnplacedPanel[] {
  return [
    timeSeries({
      title: 'Lines taken',
      description: 'Lines per second, by protocol, including lines that are dropped later.',
      unit: CountsPerSecond,
      whenEmpty: 'No line arrived in this time',
      queries: [{ expr: perSecond(select('vl_rows_ingested_total'), { by: 'type' }), legend: '{{type}}' }],
    }),
    timeSeries({
      title: 'Lines dropped',
      description:
        'Lines of the last 5 minutes that were answered with success but not stored. Some are only reported in the log of VictoriaLogs, with at most one warning of each kind per 5 s. Dashed: LogStoreDroppingRows, at once.',
      unit: Short,
      whenEmpty,
      threshold: alertThresholds.LogStoreDroppingRows,
      queries: [
        {
          expr: growth(select('vl_rows_dropped_total', 'reason!="debug"'), { by: 'reason' }),
          legend: '{{reason}}',
        },
        { expr: growth(select('vl_too_long_lines_skipped_total')), legend: 'too long' },
        { expr: growth(select('vm_log_messages_total', ...otherDrops)), legend: 'warnings of others' },
      ],
    }),
    timeSeries({
      title: 'Requests refused',
      description:
        'Insert requests per second that could not be parsed, by path. LogStoreRefusingData fires after 5 minutes.',
      unit: RequestsPerSecond,
      whenEmpty,
      queries: [
        {
          expr: `${perSecond(select('vl_http_errors_total', 'path=~"/insert/.+"'), { by: 'path' })} > 0`,
          legend: '{{path}}',
        },
      ],
    }),
  ];
}

/** Results of the lab's comparison of the store with the log files. The variable `job` does not select these metrics. */
function comparisonPanels(): readonly UnplacedPanel[] {
  const linesOf = (kind: string) => `sum by (service) (lab_log_lines_${kind}{job="lab"})`;
  const whenNobodyCompares = 'The log store was not compared with the log files in this time';
  return [
    timeSeries({
      title: 'Lines missing',
      description:
        'Lines of the last hour that are in the log files but, for at least 30 s, not in the store, although it has later ones. Dashed: LogLinesMissing, at once; `pnpm logs repair` sends them.',
      unit: Short,
      whenEmpty: whenNobodyCompares,
      threshold: alertThresholds.LogLinesMissing,
      queries: [
        { expr: linesOf('missing'), legend: 'missing {{service}}' },
        { expr: linesOf('given_up'), legend: 'not written by {{service}}' },
      ],
    }),
    timeSeries({
      title: 'Lines on their way',
      description:
        'Lines that are in the log files but not in the store yet, which has nothing newer either: for a moment, or while the collector or the store is down. LogLinesOverdue fires when lines have been overdue for 5 minutes.',
      unit: Short,
      whenEmpty: whenNobodyCompares,
      queries: [
        { expr: linesOf('waiting'), legend: '{{service}}' },
        { expr: linesOf('overdue'), legend: 'overdue {{service}}' },
      ],
    }),
    timeSeries({
      title: 'Lines stored again',
      description: 'Duplicates in the store of lines of the last hour; queries show each line once.',
      unit: Short,
      whenEmpty: whenNobodyCompares,
      queries: [{ expr: linesOf('stored_again'), legend: '{{service}}' }],
    }),
  ];
}

function diskPanels(): readonly UnplacedPanel[] {
  const free = total(select('vl_free_disk_space_bytes'), byInstance);
  const limit = total(select('vl_max_disk_space_usage_bytes'), byInstance);
  const used = total(select('vl_data_size_bytes'), byInstance);
  return [
    timeSeries({
      title: 'Room on the disk of logs',
      description:
        'Free bytes on the disk, and the bytes that VictoriaLogs may still use under its limit. LogStoreDiskFilling fires when the free space is below that, or below 100 MB; below 10 MB lines are rejected.',
      unit: BytesIEC,
      whenEmpty,
      queries: [
        { expr: free, legend: 'left {{instance}}' },
        { expr: `clamp_min(${limit} - ${used}, 0)`, legend: 'may still take {{instance}}' },
      ],
    }),
    timeSeries({
      title: 'Size of logs',
      description:
        'Bytes of logs and of their index. Above the limit the oldest days are deleted before the end of their retention, but never the last two.',
      unit: BytesIEC,
      whenEmpty,
      queries: [
        { expr: total(select('vl_data_size_bytes'), { by: 'instance, type' }), legend: '{{type}} {{instance}}' },
        { expr: limit, legend: 'limit {{instance}}' },
      ],
    }),
    timeSeries({
      title: 'Read-only',
      description: '1 while lines are rejected because the disk is full. Dashed: LogStoreReadOnly, after 5 minutes.',
      unit: Short,
      whenEmpty,
      max: 1,
      threshold: alertThresholds.LogStoreReadOnly,
      queries: [{ expr: total(select('vl_storage_is_read_only'), byInstance), legend: '{{instance}}' }],
    }),
  ];
}

function queryPanels(): readonly UnplacedPanel[] {
  return [
    timeSeries({
      title: 'Queries',
      description: 'Queries per second, by path, failed ones included.',
      unit: RequestsPerSecond,
      whenEmpty: 'There were no queries in this time',
      queries: [
        {
          expr: `${perSecond(select('vl_http_requests_total', 'path=~"/select/.+"'), { by: 'path' })} > 0`,
          legend: '{{path}}',
        },
      ],
    }),
    timeSeries({
      title: 'Queries at a time',
      description:
        'Running queries, and their limit. Further ones wait for up to 10 s. A client that does not read its response occupies a slot indefinitely.',
      unit: Short,
      whenEmpty,
      queries: [
        { expr: total(select('vl_concurrent_select_current'), byInstance), legend: '{{instance}}' },
        { expr: total(select('vl_concurrent_select_capacity'), byInstance), legend: 'limit {{instance}}' },
      ],
    }),
    timeSeries({
      title: 'Requests rejected',
      description:
        'Requests per second that were rejected because they waited too long, and queries that took more than 5 s. LogStoreOverloaded fires when requests are rejected for 5 minutes.',
      unit: RequestsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(select('vl_concurrent_select_limit_timeout_total')), legend: 'queries rejected' },
        { expr: perSecond(select('vm_concurrent_insert_limit_timeout_total')), legend: 'inserts rejected' },
        { expr: perSecond(select('vl_slow_queries_total')), legend: 'slow queries' },
      ],
    }),
  ];
}

function processPanels(): readonly UnplacedPanel[] {
  return [
    timeSeries({
      title: 'Memory of the log store',
      description: 'Resident memory. The limit of its container is 128 MiB.',
      unit: BytesIEC,
      whenEmpty,
      queries: [
        {
          expr: total(selectShared('victorialogs', 'process_resident_memory_bytes'), byInstance),
          legend: '{{instance}}',
        },
      ],
    }),
    timeSeries({
      title: 'Warnings of the log store',
      description:
        'Warnings and errors per second in the log of VictoriaLogs, by source location. Failed queries are counted only here.',
      unit: EventsPerSecond,
      whenEmpty: 'There were no warnings in this time',
      queries: [
        {
          expr: perSecond(select('vm_log_messages_total', 'level!="info"'), { by: 'level, location' }),
          legend: '{{level}} {{location}}',
        },
      ],
    }),
  ];
}
