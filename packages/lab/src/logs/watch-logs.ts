import type { LabMetrics } from '../metrics.ts';
import { compareLogs, total } from './compare-logs.ts';
import { createGapHistory } from './gap-history.ts';
import { createLogFiles } from './log-files.ts';
import type { LogStore } from './log-store.ts';

/** Time between two comparisons, in ms. */
export const defaultIntervalMs = 5_000;

/** How long a gap may take to close, in ms. */
export const defaultSettleMs = 30_000;

/** Fields of a message. */
export interface LogWatchFields {
  /** How many lines are missing. */
  readonly missing?: number;
  /** Why the comparison failed. */
  readonly err?: unknown;
}

/** Options of `watchLogs`. */
export interface LogWatchOptions {
  /** Folders with the log files of the services. */
  readonly folders: readonly string[];
  readonly store: LogStore;
  readonly metrics: LabMetrics;
  /** Called when lines are missing, when they no longer are, and when the comparison fails. */
  readonly report: (severity: 'warn' | 'info', fields: LogWatchFields, message: string) => void;
  /** Time between two comparisons, in ms. @default defaultIntervalMs */
  readonly intervalMs?: number;
  /** How long a gap may take to close, in ms. @default defaultSettleMs */
  readonly settleMs?: number;
  /** How far back lines are compared, in ms. @default an hour */
  readonly windowMs?: number;
}

/** A running comparison. */
export interface LogWatch {
  close(): Promise<void>;
}

/**
 * Compares the log store with the log files periodically, and updates the metrics: a gap counts as missing once it has been
 * open for 30 s.
 */
export function watchLogs(options: LogWatchOptions): LogWatch {
  const { folders, store, metrics, report, windowMs = 3_600_000 } = options;
  const { intervalMs = defaultIntervalMs, settleMs = defaultSettleMs } = options;
  const files = createLogFiles(folders, Date.now() - windowMs);
  const history = createGapHistory(settleMs);
  let state: 'whole' | 'missing' | 'failed' = 'whole';
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  /** Logs a change of the state. */
  function enter(next: typeof state, fields: LogWatchFields, message: string): void {
    if (next === state) return;
    state = next;
    report(next === 'whole' ? 'info' : 'warn', fields, message);
  }

  async function compare(): Promise<void> {
    try {
      files.forget(Date.now() - windowMs);
      const reports = history.add(performance.now(), await compareLogs({ files, store }));
      metrics.countLogCheck(reports);
      const missing = total(reports, 'missing');
      if (missing === 0) enter('whole', {}, 'the log store has every line');
      else enter('missing', { missing }, 'log lines are missing in the store; `logs repair` sends them from the files');
    } catch (err) {
      metrics.countLogCheck(undefined);
      enter('failed', { err }, 'the log store cannot be compared with the log files');
    }
    if (!isClosed) timer = setTimeout(next, intervalMs);
  }

  let comparing = compare();
  function next(): void {
    comparing = compare();
  }
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await comparing;
    },
  };
}
