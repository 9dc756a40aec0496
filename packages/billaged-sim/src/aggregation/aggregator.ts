import type { Logger } from '@vmobs/telemetry';
import type { UsageLedger } from '../ledger/ledger.ts';
import type { BillagedMetrics } from '../metrics.ts';
import { createCustomerSums } from './customer-sums.ts';
import { summarise } from './summary.ts';

/** Options of `startAggregator`. */
export interface AggregatorOptions {
  readonly ledger: Pick<UsageLedger, 'tracked'>;
  readonly metrics: Pick<BillagedMetrics, 'aggregationDuration' | 'aggregationErrors' | 'errors'>;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Summarises usage at each interval until it is closed. */
export interface Aggregator {
  /** Stops, after a last summary of every VM that is tracked. */
  close(): Promise<void>;
}

/** Starts the aggregation cycles. */
export function startAggregator({ ledger, metrics, logger, intervalMs, now }: AggregatorOptions): Aggregator {
  let cycle: Promise<void> | undefined;
  let isClosed = false;

  /** Logs what VMs have used that had a sample since a moment, then what each customer's VMs have. */
  async function aggregate(activeSinceMs?: number): Promise<void> {
    const startedAt = performance.now();
    try {
      const since = activeSinceMs === undefined ? undefined : BigInt(Math.floor(activeSinceMs)) * 1_000_000n;
      const customers = createCustomerSums();
      for await (const usage of ledger.tracked(since)) {
        // A cycle that is overtaken by the end is left to the last summary, which names every VM.
        if (isClosed && activeSinceMs !== undefined) return;
        logger.info({ period_ms: intervalMs, ...summarise(usage) }, 'usage summary');
        customers.add(usage);
      }
      for (const summary of customers.summaries()) {
        logger.info({ period_ms: intervalMs, ...summary }, 'customer usage summary');
      }
    } catch (error) {
      metrics.aggregationErrors.inc();
      metrics.errors.inc({ component: 'aggregation' });
      logger.error({ err: error }, 'aggregation failed');
    } finally {
      metrics.aggregationDuration.observe((performance.now() - startedAt) / 1_000);
    }
  }

  const timer = setInterval(() => {
    // A cycle that takes longer than the interval is not joined by another one.
    if (cycle !== undefined) return;
    // A VM that was silent for two intervals is left out, as by the real billaged.
    cycle = aggregate(now() - 2 * intervalMs).then(() => {
      cycle = undefined;
    });
  }, intervalMs);
  return {
    async close() {
      clearInterval(timer);
      if (isClosed) return;
      isClosed = true;
      await cycle;
      await aggregate();
    },
  };
}
