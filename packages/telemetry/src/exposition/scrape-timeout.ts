/** A scraper's clock started before ours, and its answer travels: the time that is left for that, at most. */
const maxReserveMs = 500;

/** What nobody waits for is not kept going, whatever a header asks for. */
const maxTimeoutMs = 600_000;

/**
 * How long a scrape may take: a little less than the scraper says it waits.
 *
 * @param header value of `X-Prometheus-Scrape-Timeout-Seconds`
 * @param defaultMs what holds for a scraper that does not say, or says nothing sensible
 */
export function readScrapeTimeout(header: string | readonly string[] | undefined, defaultMs: number): number {
  const seconds = typeof header === 'string' && header.trim() !== '' ? Number(header) : Number.NaN;
  if (!(seconds > 0 && Number.isFinite(seconds))) return defaultMs;
  const milliseconds = Math.min(seconds * 1_000, maxTimeoutMs);
  return milliseconds - Math.min(maxReserveMs, milliseconds / 10);
}
