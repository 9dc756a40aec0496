import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@vmobs/telemetry';
import type { UsageLedger } from '../ledger/ledger.ts';
import type { BillagedMetrics } from '../metrics.ts';
import { createCustomerSums } from './customer-sums.ts';
import { summarise } from './summary.ts';

/** Options of `startAggregator`. */
export interface AggregatorOptions {
  readonly ledger: Pick<UsageLedger, 'tracked' | 'oncePerPeriod'>;
  readonly metrics: Pick<BillagedMetrics, 'aggregationDuration' | 'aggregationErrors' | 'errors'>;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** Time limit of the last summary in milliseconds: a container is killed 10 s after its stop. @default 5_000 */
  readonly lastSummaryMs?: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Writes usage summaries at each interval until it is closed. */
export interface Aggregator {
  /** Stops after a last summary of every tracked VM, as far as the time limit allows. */
  close(): Promise<void>;
}

/** Maximum pause in milliseconds before asking again whether another billaged has finished a period. */
const longestPauseMs = 1_000;

/**
 * Starts the aggregation cycles, one at the end of each period. Periods are counted since 1970, so they are the same for all
 * billageds that share a ledger. The first billaged that asks summarises a period.
 */
export function startAggregator(options: AggregatorOptions): Aggregator {
  const { ledger, metrics, logger, intervalMs, lastSummaryMs = 5_000, now } = options;
  const closing = new AbortController();
  let cycle: Promise<void> | undefined;
  let nextPeriod = periodAt(now());
  let timer = setTimeout(endPeriod, msToEnd());

  function periodAt(ms: number): number {
    return Math.floor(ms / intervalMs);
  }
  function msToEnd(): number {
    return Math.min(intervalMs, Math.max(0, (nextPeriod + 1) * intervalMs - now()));
  }

  /** Logs the usage of each VM with a sample since a time, then the usage of each customer. */
  async function logSummaries(endMs: number, activeSinceMs?: number): Promise<void> {
    const startedAt = performance.now();
    try {
      const since = activeSinceMs === undefined ? undefined : BigInt(Math.floor(activeSinceMs)) * 1_000_000n;
      const period = { period_ms: intervalMs, period_end: new Date(endMs).toISOString() };
      const customers = createCustomerSums();
      for await (const usage of ledger.tracked(since)) {
        // The service is closing: the last summary covers every VM, so this cycle can stop.
        if (closing.signal.aborted && activeSinceMs !== undefined) return;
        if (activeSinceMs === undefined && performance.now() - startedAt > lastSummaryMs) {
          logger.warn(
            { ...period, limit_ms: lastSummaryMs },
            'last summary incomplete: time limit reached; the ledger has all usage',
          );
          return;
        }
        logger.info({ ...period, ...summarise(usage) }, 'usage summary');
        customers.add(usage);
      }
      for (const summary of customers.summaries()) logger.info({ ...period, ...summary }, 'customer usage summary');
    } finally {
      metrics.aggregationDuration.observe((performance.now() - startedAt) / 1_000);
    }
  }

  /** Summarises a period, unless another billaged on the same ledger does; then waits for that one. */
  async function aggregate(period: number, log: () => Promise<void>): Promise<void> {
    try {
      while ((await ledger.oncePerPeriod('aggregation', period, log)) === 'busy') {
        await sleep(Math.min(longestPauseMs, intervalMs / 4), undefined, closing).catch(() => undefined);
        if (closing.signal.aborted) return;
      }
    } catch (error) {
      metrics.aggregationErrors.inc();
      metrics.errors.inc({ component: 'aggregation' });
      logger.error({ err: error }, 'aggregation failed');
    }
  }

  function endPeriod(): void {
    const period = nextPeriod;
    const endMs = (period + 1) * intervalMs;
    // A timer may fire a little early. Periods that were missed while the process stood still are skipped.
    nextPeriod = Math.max(period + 1, periodAt(now()));
    timer = setTimeout(endPeriod, msToEnd());
    // Cycles do not overlap, even if one takes longer than the interval. As in the real billaged, a VM without a sample for
    // two intervals is left out.
    cycle ??= aggregate(period, () => logSummaries(endMs, now() - 2 * intervalMs)).finally(() => {
      cycle = undefined;
    });
  }

  return {
    async close() {
      clearTimeout(timer);
      if (closing.signal.aborted) return;
      closing.abort();
      await cycle;
      await aggregate(nextPeriod, () => logSummaries(now()));
    },
  };
}
