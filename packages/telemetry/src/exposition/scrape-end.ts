import type { ServerResponse } from 'node:http';

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

/** Whatever can end a scrape before its page is sent. */
export interface ScrapeEnd {
  /** Aborted with a `ScrapeAbort`. */
  readonly signal: AbortSignal;
  /** To be called before anything is sent. @throws ScrapeAbort when the scraper does not wait any more */
  refuseIfLate(): void;
  /** From now on, a scraper that reads nothing for so long ends its scrape. */
  expectReading(stallTimeoutMs: number): void;
  /** Stops the clock. */
  close(): void;
}

/** Watches a scrape, from its arrival on. */
export function watchScrape(response: ServerResponse, timeoutMs: number): ScrapeEnd {
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
    if (!isSent) abort('disconnected', 'the scraper is gone');
  });
  return {
    signal: aborter.signal,
    refuseIfLate() {
      // The timer does not run while a source holds up the process.
      if (performance.now() >= deadline) timeOut();
      aborter.signal.throwIfAborted();
    },
    expectReading(stallTimeoutMs) {
      // Node's own clock of a connection starts anew with every byte that leaves, not with every chunk that does.
      response.setTimeout(stallTimeoutMs, () => abort('stalled', 'the scraper has stopped reading'));
    },
    close() {
      clearTimeout(timer);
    },
  };
}

/** Waits for a promise, and no longer than until a signal is aborted. @throws the reason of the signal */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}
