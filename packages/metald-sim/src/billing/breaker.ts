/** The states of a circuit breaker: values of a label. */
export const breakerStates = ['closed', 'open', 'half_open'] as const;

/** Closed: attempts are made. Open: none. Half open: a single one, which closes or opens it. */
export type BreakerState = (typeof breakerStates)[number];

/** An attempt that has begun. */
export interface BreakerAttempt {
  readonly isProbe: boolean;
}

/** A circuit breaker: stops attempts while billaged does not respond, so that it can recover. */
export interface Breaker {
  readonly state: BreakerState;
  /** Milliseconds until an attempt may begin: 0 for now, Infinity while another one has to end first. */
  waitMs(): number;
  begin(): BreakerAttempt;
  /** billaged has responded, even if it rejected the entry. */
  succeeded(attempt: BreakerAttempt): void;
  /** billaged has not responded, or is overloaded. @param retryAfterMs how long it asks its clients to wait */
  failed(attempt: BreakerAttempt, retryAfterMs?: number): void;
  /** Limits pauses to the first one: there is little time left. */
  hurry(): void;
}

/** Options of `createBreaker`. */
export interface BreakerOptions {
  /** Failures in a row that open it. The documentation of metald says 10. @default 10 */
  readonly failuresToOpen?: number;
  /** Pause after it opened; it doubles each time the attempt after it fails. @default 1_000 */
  readonly firstPauseMs?: number;
  /**
   * Longest pause. The documentation of metald says 5 minutes; with that, the rates over 5 minutes that alerts read would
   * see no attempt at all during an outage. @default 30_000
   */
  readonly longestPauseMs?: number;
  /** Longest time that `Retry-After` is obeyed, for the same reason. @default 120_000 */
  readonly longestRetryAfterMs?: number;
  /** The jitter of a pause, 0 to 1. @default Math.random */
  readonly random?: () => number;
  /** Milliseconds of a clock that is never set. @default performance.now */
  readonly clock?: () => number;
}

/** Makes a closed breaker. */
export function createBreaker(options: BreakerOptions = {}): Breaker {
  const { failuresToOpen = 10, firstPauseMs = 1_000, longestPauseMs = 30_000, longestRetryAfterMs = 120_000 } = options;
  const { random = Math.random, clock = () => performance.now() } = options;
  let state: BreakerState = 'closed';
  let failuresInARow = 0;
  let pauseMs = firstPauseMs;
  /** No attempt begins before. */
  let notBefore = 0;
  let isHurried = false;

  function open(): void {
    state = 'open';
    // Between half of it and all of it, so that many senders do not return at the same time.
    const jittered = pauseMs * (0.5 + 0.5 * random());
    notBefore = Math.max(notBefore, clock() + (isHurried ? Math.min(jittered, firstPauseMs) : jittered));
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }

  return {
    get state() {
      return state;
    },
    waitMs() {
      return state === 'half_open' ? Number.POSITIVE_INFINITY : Math.max(0, notBefore - clock());
    },
    begin() {
      const isProbe = state === 'open';
      if (isProbe) state = 'half_open';
      return { isProbe };
    },
    succeeded() {
      state = 'closed';
      failuresInARow = 0;
      pauseMs = firstPauseMs;
      notBefore = 0;
    },
    failed({ isProbe }, retryAfterMs = 0) {
      failuresInARow += 1;
      if (!isHurried && retryAfterMs > 0) {
        notBefore = Math.max(notBefore, clock() + Math.min(retryAfterMs, longestRetryAfterMs));
      }
      // Attempts that began before it opened may fail while it is open: that is nothing new.
      if (isProbe || (state === 'closed' && failuresInARow >= failuresToOpen)) open();
    },
    hurry() {
      isHurried = true;
      notBefore = Math.min(notBefore, clock());
    },
  };
}
