import type { Traffic } from '../traffic/traffic.ts';
import { type Page, scrape, sumOf } from './scrape.ts';

/** The status of the demo. All values of the services are read from `/metrics`. */
export interface Status {
  readonly seconds: number;
  readonly vms: Readonly<Record<'created' | 'running' | 'paused' | 'shutdown', number>>;
  readonly rpcsPerSecond: number;
  readonly samplesPerSecond: number;
  readonly batchesSent: number;
  readonly batchesFailed: number;
  readonly samplesBilled: number;
  /** Internal errors of both services. */
  readonly errors: number;
  /** VM life cycles that a client could not finish. */
  readonly clientErrors: number;
  readonly lastClientError: string;
}

/** Reads the status; rates are those since the last reading. */
export interface StatusReader {
  read(): Promise<Status>;
}

/** Sources of the status. */
export interface StatusSources {
  readonly metaldMetricsUrl: string;
  readonly billagedMetricsUrl: string;
  readonly traffic: Traffic;
}

/** Creates a reader. */
export function createStatusReader({ metaldMetricsUrl, billagedMetricsUrl, traffic }: StatusSources): StatusReader {
  const startedAt = performance.now();
  let before: { at: number; metald: Page } | undefined;

  return {
    async read() {
      const [metald, billaged] = await Promise.all([scrape(metaldMetricsUrl), scrape(billagedMetricsUrl)]);
      const at = performance.now();
      // A counter falls when metald did not answer or was restarted; what it did since is not known.
      const rateOf = (metric: string) =>
        before === undefined
          ? 0
          : Math.max(0, (1_000 * (sumOf(metald, metric) - sumOf(before.metald, metric))) / (at - before.at));
      const vmsIn = (state: string) => metald.get(`metald_vms_total{state="${state}"}`) ?? 0;
      const status: Status = {
        seconds: (at - startedAt) / 1_000,
        vms: {
          created: vmsIn('created'),
          running: vmsIn('running'),
          paused: vmsIn('paused'),
          shutdown: vmsIn('shutdown'),
        },
        rpcsPerSecond: rateOf('metald_api_requests_total'),
        samplesPerSecond: rateOf('metald_billing_metrics_collected_total'),
        batchesSent: sumOf(metald, 'metald_billing_batches_sent_total'),
        batchesFailed: sumOf(metald, 'metald_billing_batch_failures_total'),
        samplesBilled: sumOf(billaged, 'billaged_metrics_processed_total'),
        errors: sumOf(metald, 'metald_errors_total') + sumOf(billaged, 'billaged_errors_total'),
        clientErrors: traffic.failures.count,
        lastClientError: traffic.failures.last,
      };
      // Without an answer the next rate is that since the last one.
      if (metald.size > 0) before = { at, metald };
      return status;
    },
  };
}
