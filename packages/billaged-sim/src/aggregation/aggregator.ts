import type { Logger } from '@vmobs/telemetry';
import type { UsageLedger } from '../ledger/ledger.ts';
import type { BillagedMetrics } from '../metrics.ts';
import { summarise } from './summary.ts';

/** Options of `startAggregator`. */
export interface AggregatorOptions {
  readonly ledger: UsageLedger;
  readonly metrics: BillagedMetrics;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Summarises usage at each interval until it is closed. */
export interface Aggregator {
  /** Stops, after a last summary of every VM that is tracked. */
  close(): void;
}

/** Starts the aggregation cycles. */
export function startAggregator({ ledger, metrics, logger, intervalMs, now }: AggregatorOptions): Aggregator {
  /** Logs what VMs have used that had a sample since a moment. */
  function aggregate(activeSinceMs: number): void {
    const startedAt = performance.now();
    try {
      const activeSinceNanos = BigInt(Math.floor(activeSinceMs)) * 1_000_000n;
      for (const usage of ledger.usage()) {
        if (usage.endNanos < activeSinceNanos) continue;
        logger.info({ period_ms: intervalMs, ...summarise(usage) }, 'usage summary');
      }
    } catch (error) {
      metrics.aggregationErrors.inc();
      metrics.errors.inc({ component: 'aggregation' });
      logger.error({ err: error }, 'aggregation failed');
    } finally {
      metrics.aggregationDuration.observe((performance.now() - startedAt) / 1_000);
    }
  }

  // A VM that was silent for two intervals is left out, as by the real billaged.
  const timer = setInterval(() => aggregate(now() - 2 * intervalMs), intervalMs);
  return {
    close() {
      clearInterval(timer);
      aggregate(0);
    },
  };
}
