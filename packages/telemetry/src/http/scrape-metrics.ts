import type { ScrapeMetrics } from '../exposition/scrape-response.ts';
import type { Catalogue } from '../metrics/catalogue.ts';

/**
 * Defines the metrics of `/metrics` itself. The first three have the names and meaning of Go's promhttp, so that existing
 * dashboards and alerts work; the others follow its naming.
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
    help: 'Scrapes that are being answered, including this one.',
    read: () => inFlight,
  });
  const errors = catalogue.counter({
    name: 'promhttp_metric_handler_errors_total',
    help: 'Sources and metrics that were left out of a page because they failed, by the step that failed.',
    labels: { cause: ['gathering', 'encoding'] },
  });
  const aborts = catalogue.counter({
    name: 'promhttp_metric_handler_aborts_total',
    help: 'Scrapes that ended before their page was sent: the scraper disconnected or stopped reading, time was over, or a source failed.',
    labels: { cause: ['disconnected', 'stalled', 'timeout', 'failed'] },
  });
  const duration = catalogue.histogram({
    name: 'promhttp_metric_handler_request_duration_seconds',
    help: 'Time from the arrival of a scrape until its response was sent, in seconds.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    reasonForBuckets:
      'Pages of some hundred series take milliseconds, those of a million half a second; Prometheus waits 10 s.',
  });
  const bytes = catalogue.counter({
    name: 'promhttp_metric_handler_response_bytes_total',
    help: 'Bytes of pages that were sent, after compression.',
  });
  const series = catalogue.gauge({
    name: 'promhttp_metric_handler_series',
    help: 'Series on the last complete page that was sent without a filter.',
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
