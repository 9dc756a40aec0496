/**
 * Why a span that has ended never came to the exporter: the queue had no room, it ended after the end of telemetry, or the
 * time for the last export was over. The first two words are OpenTelemetry's.
 */
export const queueLosses = ['queue_full', 'already_shutdown', 'shutdown_timeout'] as const;

/**
 * Why an export failed in the end, retries included: the collector took the request and rejected these spans, refused
 * the request (4xx, 5xx), asked to come again later (429, 502, 503, 504), could not be reached, did not answer in time, was
 * still at it when the time for the last export was over, or anything else. `rejected` and `_OTHER` are OpenTelemetry's.
 */
export const exportLosses = [
  'rejected',
  'refused',
  'unavailable',
  'unreachable',
  'timeout',
  'shutdown_timeout',
  '_OTHER',
] as const;

/** Why an export failed. */
export type ExportLoss = (typeof exportLosses)[number];

/**
 * Where every span is that was sampled and has ended. At any moment, counted from the start:
 * ended = sum of `processed` + `queued`, and `processed['']` = sum of `exported` + `inFlight`.
 */
export interface SpanAccounts {
  /** Most spans that wait. 0 while nothing is recorded. */
  readonly capacity: number;
  /** Spans that wait for their export. */
  queued: number;
  /** Spans that are being exported, retries included. */
  inFlight: number;
  /** Spans that left the queue for the exporter, under the empty word, and those that never did. */
  readonly processed: Record<'' | (typeof queueLosses)[number], number>;
  /** Spans that the collector took, under the empty word, and those that it did not. */
  readonly exported: Record<'' | ExportLoss, number>;
  /** Requests to the collector that repeated one that had failed. */
  retries: number;
  /** Set once nothing is exported any more; results that come later are not counted again. */
  isSettled: boolean;
}

/** Opens accounts for a queue of this size. */
export function openSpanAccounts(capacity: number): SpanAccounts {
  return {
    capacity,
    queued: 0,
    inFlight: 0,
    processed: { '': 0, queue_full: 0, already_shutdown: 0, shutdown_timeout: 0 },
    exported: {
      '': 0,
      rejected: 0,
      refused: 0,
      unavailable: 0,
      unreachable: 0,
      timeout: 0,
      shutdown_timeout: 0,
      _OTHER: 0,
    },
    retries: 0,
    isSettled: false,
  };
}

/** Spans that were lost so far. */
export function lostSpans({ processed, exported }: SpanAccounts): number {
  const sum = (losses: readonly number[]) => losses.reduce((total, count) => total + count, 0);
  return sum(queueLosses.map((loss) => processed[loss])) + sum(exportLosses.map((loss) => exported[loss]));
}

/** Counts what still waits or is under way as lost: nothing more will come of it. */
export function settleSpanAccounts(accounts: SpanAccounts): void {
  accounts.processed.shutdown_timeout += accounts.queued;
  accounts.exported.shutdown_timeout += accounts.inFlight;
  accounts.queued = 0;
  accounts.inFlight = 0;
  accounts.isSettled = true;
}
