import type { Logger } from '@vmobs/telemetry';
import type { GapReport } from './outbox.ts';

/** Detects that this process did not run for a while: stopped, frozen with its machine, or with a blocked event loop. */
export interface StallWatch {
  stop(): void;
}

/** Options of `startStallWatch`. */
export interface StallWatchOptions {
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly logger: Pick<Logger, 'warn'>;
  /** Called for each stall. */
  readonly gaps: GapReport;
  /** Shortest stall. By the documentation of billaged, more than 2 minutes without samples is a gap. @default 120_000 */
  readonly stallMs?: number;
  /** Time between two checks. @default 1_000 */
  readonly checkMs?: number;
}

/** Starts to watch. A clock that is set forward looks the same, and leaves the same gap between the times of samples. */
export function startStallWatch(options: StallWatchOptions): StallWatch {
  const { now, logger, gaps, stallMs = 120_000, checkMs = 1_000 } = options;
  let seenAt = now();
  const timer = setInterval(() => {
    const lastSeenAt = seenAt;
    seenAt = now();
    if (seenAt - lastSeenAt <= stallMs) return;
    logger.warn({ gap_duration_ms: seenAt - lastSeenAt }, 'metald was stalled: samples are missing');
    gaps.notSampled(lastSeenAt, seenAt);
  }, checkMs);
  return { stop: () => clearInterval(timer) };
}
