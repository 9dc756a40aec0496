import { anyValue, type Catalogue } from '@vmobs/telemetry';
import type { LineKind, ProcessReport } from './logs/compare-logs.ts';
import { countOf } from './logs/sequences.ts';

/** What the lab counts itself. */
export interface LabMetrics {
  /** Counts a notification that Alertmanager has delivered, the Watchdog's not among them. */
  countNotification(status: 'firing' | 'resolved'): void;
  /** Counts a comparison of the log store with the log files. @param reports what it found; `undefined` when it failed */
  countLogCheck(reports: readonly ProcessReport[] | undefined): void;
}

/** Defines the metrics of the lab. @param now Unix time in milliseconds */
export function defineLabMetrics(metrics: Catalogue, now: () => number = Date.now): LabMetrics {
  const notifications = metrics.counter({
    name: 'lab_alert_notifications_total',
    help: 'Notifications that Alertmanager has delivered, without those of the Watchdog.',
    labels: { status: ['firing', 'resolved'] },
  });
  const checks = metrics.counter({
    name: 'lab_log_checks_total',
    help: 'Comparisons of the log store with the log files.',
    labels: { outcome: ['done', 'failed'] },
  });
  let latest: readonly ProcessReport[] = [];
  let latestAt: number | undefined;
  metrics.observed({
    type: 'gauge',
    name: 'lab_log_check_timestamp_seconds',
    help: 'When the log store was last compared with the log files.',
    read: () => latestAt,
  });
  const observeLines = (name: string, help: string, count: (report: ProcessReport) => number) =>
    metrics.observed({
      type: 'gauge',
      name,
      help,
      labels: { service: anyValue },
      read: () => sumByService(latest, count),
    });
  const linesOf = (kind: LineKind) => (report: ProcessReport) => countOf(report[kind]);
  observeLines(
    'lab_log_lines_missing',
    'Log lines of the last hour that the store does not have, for 30 s at least, though it has later ones.',
    linesOf('missing'),
  );
  observeLines(
    'lab_log_lines_waiting',
    'Log lines that the store does not have yet: they are on their way, or nothing newer has arrived either.',
    linesOf('waiting'),
  );
  observeLines(
    'lab_log_lines_overdue',
    'Of the waiting log lines those that have waited for 30 s at least.',
    linesOf('overdue'),
  );
  observeLines(
    'lab_log_lines_given_up',
    'Log lines of the last hour that a service says it could not write to its file.',
    linesOf('givenUp'),
  );
  observeLines(
    'lab_log_lines_stored_again',
    'How many times log lines of the last hour are in the store beyond the first.',
    ({ doubled }) => doubled,
  );

  return {
    countNotification: (status) => notifications.inc({ status }),
    countLogCheck(reports) {
      checks.inc({ outcome: reports === undefined ? 'failed' : 'done' });
      if (reports === undefined) return;
      latest = reports;
      latestAt = now() / 1_000;
    },
  };
}

function sumByService(reports: readonly ProcessReport[], count: (report: ProcessReport) => number) {
  const sums = new Map<string, number>();
  for (const report of reports) sums.set(report.service, (sums.get(report.service) ?? 0) + count(report));
  return Array.from(sums, ([service, value]) => [{ service }, value] as const);
}
