import type { FastifyInstance } from 'fastify';
import type { UsageLedger } from '../ledger/ledger.ts';

/** Body of `/stats`. */
export interface Stats {
  readonly active_vms: number;
  /** A Go duration such as `1m0s`. */
  readonly aggregation_interval: string;
}

/** Adds `GET /stats`. */
export function addStatsRoute(
  app: FastifyInstance,
  options: { ledger: UsageLedger; aggregationIntervalMs: number },
): void {
  const { ledger, aggregationIntervalMs } = options;
  app.get(
    '/stats',
    (): Stats => ({ active_vms: ledger.activeVms, aggregation_interval: goDuration(aggregationIntervalMs) }),
  );
}

/** Writes milliseconds as Go prints a duration: `500µs`, `100ms`, `1.5s`, `1m0s`, `1h0m0s`. */
export function goDuration(milliseconds: number): string {
  const microseconds = Math.round(1_000 * milliseconds);
  if (microseconds < 1_000) return `${microseconds}µs`;
  if (microseconds < 1_000_000) return `${microseconds / 1_000}ms`;
  const hours = Math.floor(microseconds / 3_600e6);
  const minutes = Math.floor((microseconds % 3_600e6) / 60e6);
  const seconds = (microseconds % 60e6) / 1e6;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
