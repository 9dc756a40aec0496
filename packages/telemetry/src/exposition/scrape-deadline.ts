import type { ServerResponse } from 'node:http';

/** Longest time kept in reserve: the scraper's clock started before ours, and the response has to travel. */
const maxReserveMs = 500;

/** Longest scrape, whatever a header asks for: no scraper waits longer. */
const maxTimeoutMs = 600_000;

/**
 * How long a scrape may take: a little less than the scraper says that it waits.
 *
 * @param header value of `X-Prometheus-Scrape-Timeout-Seconds`
 * @param defaultMs used when the header is missing or is not a positive number
 */
export function readScrapeTimeout(header: string | readonly string[] | undefined, defaultMs: number): number {
  const seconds = typeof header === 'string' && header.trim() !== '' ? Number(header) : Number.NaN;
  if (!(seconds > 0 && Number.isFinite(seconds))) return defaultMs;
  const milliseconds = Math.min(seconds * 1_000, maxTimeoutMs);
  return milliseconds - Math.min(maxReserveMs, milliseconds / 10);
}

/** Why a scrape ended before its page was sent. */
export type AbortCause = 'disconnected' | 'stalled' | 'timeout' | 'failed';

/** A scrape that ended before its page was sent. */
export class ScrapeAbort extends Error {
  override readonly name = 'ScrapeAbort';
  readonly abortCause: AbortCause;

  constructor(abortCause: AbortCause, message: string) {
    super(message);
    this.abortCause = abortCause;
  }
}

/** Ends a scrape that takes too long, or whose scraper has left or stopped reading. */
export interface ScrapeDeadline {
  /** Aborted with a `ScrapeAbort`. */
  readonly signal: AbortSignal;
  /** Call it before anything is sent. @throws ScrapeAbort when the scraper no longer waits */
  throwIfOver(): void;
  /** Starts the stall limit: from now on the scrape ends when the scraper reads nothing for this long. */
  limitStalls(stallTimeoutMs: number): void;
  /** Stops the timer. */
  close(): void;
}

/** Starts the deadline of a scrape that has just arrived. */
export function startScrapeDeadline(response: ServerResponse, timeoutMs: number): ScrapeDeadline {
  const aborter = new AbortController();
  const abort = (cause: AbortCause, message: string) => aborter.abort(new ScrapeAbort(cause, message));
  const timeOut = () =>
    abort('timeout', `the page was not ready within ${timeoutMs / 1_000} s, which is how long this scrape may take`);
  const deadline = performance.now() + timeoutMs;
  const timer = setTimeout(timeOut, timeoutMs);
  let isSent = false;
  response.once('finish', () => {
    isSent = true;
  });
  response.once('close', () => {
    if (!isSent) abort('disconnected', 'the scraper closed the connection');
  });
  return {
    signal: aborter.signal,
    throwIfOver() {
      // The timer cannot fire while a source blocks the event loop.
      if (performance.now() >= deadline) timeOut();
      aborter.signal.throwIfAborted();
    },
    limitStalls(stallTimeoutMs) {
      // Node restarts this timer with every byte that leaves, not with every chunk.
      response.setTimeout(stallTimeoutMs, () => abort('stalled', 'the scraper stopped reading'));
    },
    close() {
      clearTimeout(timer);
    },
  };
}

/** Waits for a promise until a signal is aborted. @throws the reason of the signal */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}
