import type { IncomingMessage, ServerResponse } from 'node:http';
import { createCatalogue } from '../metrics/catalogue.ts';
import { answerScrape, refuse } from './answer-scrape.ts';
import type { FamilySource, NamedSource } from './family.ts';
import { createGatherer } from './gather.ts';
import { defineScrapeMetrics, type ScrapeMetrics } from './scrape-metrics.ts';

/** Options of `createMetricsHandler`. */
export interface MetricsHandlerOptions {
  /** Asked at each scrape, in this order; of two with the same metric the first is served. More may be added later. */
  readonly sources: readonly (FamilySource | NamedSource)[];
  /** Is told of everything that is left out of a page, and why; the rest of the page is served. */
  readonly onError: (error: Error) => void;
  /**
   * Scrapes that are answered at the same time; another is answered 503. The default has room for two Prometheus servers,
   * an agent, and people who look; each holds a quarter of a megabyte.
   *
   * @default 10
   */
  readonly maxInFlight?: number;
  /** How long a scrape may take if the scraper does not say, in milliseconds. @default 60 000 */
  readonly timeoutMs?: number;
  /** How long a source may take, in milliseconds, and never more than half of the scrape. @default 5000 */
  readonly sourceTimeoutMs?: number;
  /** After how long without a byte read a scraper is dropped, in milliseconds. @default 5000 */
  readonly stallTimeoutMs?: number;
  /** Whether pages are compressed for scrapers that accept it. @default true */
  readonly compression?: boolean;
  /** What counts scrapes, when it is in a catalogue among the sources. @default one of the handler's own, on the page */
  readonly scrapeMetrics?: ScrapeMetrics;
}

/** Answers one request for `/metrics`. It never rejects, and resolves when the answer has left or was given up. */
export type MetricsHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Seconds after which a scraper that came too many may come again: the shortest interval in use. */
const retryAfterSeconds = '1';

/**
 * Makes the handler of `/metrics`: text or OpenMetrics, compressed or not, as the scraper asks.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createMetricsHandler, registrySource } from '@vmobs/telemetry';
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
    sourceTimeoutMs,
    onError: reportAs('gathering'),
  });
  const context = {
    gatherer,
    metrics,
    onError: reportAs('encoding'),
    timeoutMs,
    sourceTimeoutMs,
    stallTimeoutMs,
    compression: options.compression ?? true,
  };
  let inFlight = 0;

  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const reason = `${request.method} is not allowed; GET and HEAD are`;
      return refuse(response, { statusCode: 405, reason, headers: { allow: 'GET, HEAD' }, metrics });
    }
    if (inFlight >= maxInFlight) {
      const reason = `${inFlight} scrapes are being answered, which is the limit; try again in ${retryAfterSeconds} s`;
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
