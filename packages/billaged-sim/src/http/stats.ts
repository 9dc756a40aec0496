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

/** Writes milliseconds as Go prints a duration: `100ms`, `1.5s`, `1m0s`, `1h0m0s`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds}ms`;
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = (milliseconds % 60_000) / 1_000;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
