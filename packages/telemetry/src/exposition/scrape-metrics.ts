import type { Catalogue } from '../metrics/catalogue.ts';
import type { AbortCause } from './scrape-end.ts';

/** Counts what becomes of scrapes. */
export interface ScrapeMetrics {
  /** A scrape has begun. @returns what to call when it has ended, however it did */
  begin(): () => void;
  /** A scrape was answered with a status. */
  answered(statusCode: ScrapeStatus): void;
  /** A page was not sent to its end. */
  aborted(cause: AbortCause): void;
  /** Something is missing on a page. */
  failed(cause: 'gathering' | 'encoding'): void;
  /** Bytes of a page were given to the connection. */
  sent(bytes: number): void;
  /** A page with everything on it was sent. */
  completed(seriesCount: number): void;
}

/** The statuses that a scrape is answered with. */
export type ScrapeStatus = 200 | 405 | 500 | 503;

/**
 * Defines what `/metrics` says of itself. The first three are those of Go's promhttp, with its names, so that what is
 * built on them works here too; the others are named in its way.
 */
export function defineScrapeMetrics(catalogue: Catalogue): ScrapeMetrics {
  let inFlight = 0;
  const requests = catalogue.counter({
    name: 'promhttp_metric_handler_requests_total',
    help: 'Scrapes that were answered, by HTTP status code.',
    labels: { code: ['200', '405', '500', '503'] },
  });
  catalogue.observed({
    type: 'gauge',
    name: 'promhttp_metric_handler_requests_in_flight',
    help: 'Scrapes that are being answered now, the one that shows this included.',
    read: () => inFlight,
  });
  const errors = catalogue.counter({
    name: 'promhttp_metric_handler_errors_total',
    help: 'Sources and metrics that were left out of a page because they failed, by the step in which they did.',
    labels: { cause: ['gathering', 'encoding'] },
  });
  const aborts = catalogue.counter({
    name: 'promhttp_metric_handler_aborts_total',
    help: 'Scrapes that ended before their page was sent: the scraper left, stopped reading, ran out of time, or a source failed.',
    labels: { cause: ['disconnected', 'stalled', 'timeout', 'failed'] },
  });
  const duration = catalogue.histogram({
    name: 'promhttp_metric_handler_request_duration_seconds',
    help: 'Time from the arrival of a scrape until its answer has left, in seconds.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    reasonForBuckets:
      'Pages of some hundred series take milliseconds, those of a million half a second; a scrape is given up after 10 s.',
  });
  const bytes = catalogue.counter({
    name: 'promhttp_metric_handler_response_bytes_total',
    help: 'Bytes of pages that were sent, as compressed as they were.',
  });
  const series = catalogue.gauge({
    name: 'promhttp_metric_handler_series',
    help: 'Series on the last page that was sent to its end with nothing filtered out.',
  });

  return {
    begin() {
      inFlight += 1;
      const start = performance.now();
      return () => {
        inFlight -= 1;
        duration.observe((performance.now() - start) / 1_000);
      };
    },
    answered: (statusCode) => requests.inc({ code: `${statusCode}` }),
    aborted: (cause) => aborts.inc({ cause }),
    failed: (cause) => errors.inc({ cause }),
    sent: (count) => bytes.inc(count),
    completed: (seriesCount) => series.set(seriesCount),
  };
}
