import { setTimeout as sleep } from 'node:timers/promises';
import { type CompareOptions, compareLogs, type ProcessReport, total } from './compare-logs.ts';
import { createGapHistory } from './gap-history.ts';

/** How often an open gap is checked. */
const pollMs = 1_000;

/** New gaps may appear during the wait: the limit of the whole wait, in multiples of the time for one gap. */
const patience = 3;

/** Options of `settleLogs`. */
export interface SettleOptions extends CompareOptions {
  /** How long a gap may take to close, in ms: lines are on their way for a moment, and for longer after an outage. */
  readonly settleMs: number;
  /** Ends the wait early. */
  readonly signal?: AbortSignal;
  /** Called with the number of missing or waiting lines during the wait. */
  readonly onWait?: (lines: number) => void;
}

/**
 * Compares repeatedly until nothing is missing or waiting, or every gap has had its time to close.
 *
 * @returns the last comparison; younger gaps are waiting in it, and lines that have waited for the whole time are overdue
 */
export async function settleLogs(options: SettleOptions): Promise<readonly ProcessReport[]> {
  const { settleMs, signal, onWait = () => undefined } = options;
  const history = createGapHistory(settleMs);
  let start: number | undefined;
  for (;;) {
    const reports = await compareLogs(options);
    const now = performance.now();
    start ??= now;
    const judged = history.add(now, reports);
    const open = total(reports, 'missing') + total(reports, 'waiting');
    const isSettled = now - start >= settleMs && total(judged, 'missing') === total(reports, 'missing');
    if (open === 0 || isSettled || now - start >= patience * settleMs || signal?.aborted) return judged;
    onWait(open);
    await sleep(Math.min(pollMs, settleMs), undefined, signal && { signal }).catch(() => undefined);
  }
}
