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
  /** How long the last summary may take, in milliseconds: who ends a container waits 10 s for it. @default 5_000 */
  readonly lastSummaryMs?: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Summarises usage at each interval until it is closed. */
export interface Aggregator {
  /** Stops, after a last summary of every VM that is tracked, or of as many as there is time for. */
  close(): Promise<void>;
}

/** Milliseconds until a billaged asks again whether the one that summarises a period has ended. */
const longestPauseMs = 1_000;

/**
 * Starts the aggregation cycles, one at the end of each period. Periods are counted since 1970, so that all billageds that
 * share a ledger mean the same one; the first that asks summarises it.
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

  /** Logs what VMs have used that had a sample since a moment, then what each customer's VMs have. */
  async function logSummaries(endMs: number, activeSinceMs?: number): Promise<void> {
    const startedAt = performance.now();
    try {
      const since = activeSinceMs === undefined ? undefined : BigInt(Math.floor(activeSinceMs)) * 1_000_000n;
      const period = { period_ms: intervalMs, period_end: new Date(endMs).toISOString() };
      const customers = createCustomerSums();
      for await (const usage of ledger.tracked(since)) {
        // A cycle that is overtaken by the end is left to the last summary, which names every VM.
        if (closing.signal.aborted && activeSinceMs !== undefined) return;
        if (activeSinceMs === undefined && performance.now() - startedAt > lastSummaryMs) {
          logger.warn(
            { ...period, limit_ms: lastSummaryMs },
            'the last summary is cut short; the ledger has all usage',
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

  /** Summarises a period, unless another billaged on the same ledger has; while one is at it, its end is awaited. */
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
    // A timer may be a little early, and after a standstill the periods that were missed are not made up for.
    nextPeriod = Math.max(period + 1, periodAt(now()));
    timer = setTimeout(endPeriod, msToEnd());
    // A cycle that takes longer than the interval is not joined by another one. A VM that was silent for two intervals is
    // left out, as by the real billaged.
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
