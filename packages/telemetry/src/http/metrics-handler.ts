import type { IncomingMessage, ServerResponse } from 'node:http';
import { timerMs } from '../deadlines/timer-limit.ts';
import type { FamilySource, NamedSource } from '../exposition/family.ts';
import { createGatherer } from '../exposition/gatherer.ts';
import { answerScrape, refuse, type ScrapeMetrics } from '../exposition/scrape-response.ts';
import { createCatalogue } from '../metrics/catalogue.ts';
import { defineScrapeMetrics } from './scrape-metrics.ts';

/** Options of `createMetricsHandler`. */
export interface MetricsHandlerOptions {
  /** Read at each scrape, in this order; if two have the same metric, the first is served. More may be added later. */
  readonly sources: readonly (FamilySource | NamedSource)[];
  /** Called for everything that is left out of a page; the rest of the page is served. */
  readonly onError: (error: Error) => void;
  /**
   * Largest number of concurrent scrapes; one more is answered 503. The default is enough for two Prometheus servers, an agent
   * and some people; each scrape takes a quarter of a megabyte.
   *
   * @default 10
   */
  readonly maxInFlight?: number;
  /** How long a scrape may take if the scraper sends no timeout, in milliseconds. @default 60 000 */
  readonly timeoutMs?: number;
  /** How long a source may take, in milliseconds; at most half of the scrape's time. @default 5000 */
  readonly sourceTimeoutMs?: number;
  /** After how long without reading a byte a scraper is disconnected, in milliseconds. @default 5000 */
  readonly stallTimeoutMs?: number;
  /** Whether pages are compressed for scrapers that accept it. @default true */
  readonly compression?: boolean;
  /** Counts the scrapes, if its metrics are among the sources. @default own metrics, which are added to the page */
  readonly scrapeMetrics?: ScrapeMetrics;
}

/** Answers one request for `/metrics`. It never rejects, and resolves when the response was sent or abandoned. */
export type MetricsHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Seconds until a refused scraper may retry: the shortest scrape interval in use. */
const retryAfterSeconds = '1';

/**
 * Makes the handler of `/metrics`: text or OpenMetrics, compressed or not, as the scraper requests.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createMetricsHandler, registrySource } from '@vmobs/telemetry/exposition';
 * import { register } from 'prom-client';
 *
 * const metrics = createMetricsHandler({ sources: [registrySource(register)], onError: console.error });
 * const server = createServer(metrics);
 * ```
 */
export function createMetricsHandler(options: MetricsHandlerOptions): MetricsHandler {
  const { onError, maxInFlight = 10, timeoutMs = 60_000, sourceTimeoutMs = 5_000, stallTimeoutMs = 5_000 } = options;
  const { metrics, ownSources } =
    options.scrapeMetrics === undefined ? ownScrapeMetrics() : { metrics: options.scrapeMetrics, ownSources: [] };
  const reportAs = (cause: 'gathering' | 'encoding') => (error: Error) => {
    metrics.failed(cause);
    onError(error);
  };
  const gatherer = createGatherer({
    sources: () => [...options.sources, ...ownSources],
    sourceTimeoutMs: timerMs(sourceTimeoutMs),
    onError: reportAs('gathering'),
  });
  const context = {
    gatherer,
    metrics,
    onError: reportAs('encoding'),
    timeoutMs: timerMs(timeoutMs),
    sourceTimeoutMs,
    stallTimeoutMs: timerMs(stallTimeoutMs),
    compression: options.compression ?? true,
  };
  let inFlight = 0;

  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const reason = `${request.method} is not allowed; GET and HEAD are`;
      return refuse(response, { statusCode: 405, reason, headers: { allow: 'GET, HEAD' }, metrics });
    }
    if (inFlight >= maxInFlight) {
      const reason = `${inFlight} scrapes are running, which is the limit; retry in ${retryAfterSeconds} s`;
      return refuse(response, { statusCode: 503, reason, headers: { 'retry-after': retryAfterSeconds }, metrics });
    }
    inFlight += 1;
    const end = metrics.begin();
    try {
      await answerScrape(request, response, context);
    } finally {
      inFlight -= 1;
      end();
    }
  };
}

function ownScrapeMetrics() {
  const catalogue = createCatalogue();
  return { metrics: defineScrapeMetrics(catalogue), ownSources: catalogue.sources };
}
