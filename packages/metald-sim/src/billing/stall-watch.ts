/** Notices when this process did not run for a while: stopped, frozen with its machine, or with a blocked event loop. */
export interface StallWatch {
  stop(): void;
}

/** Options of `startStallWatch`. */
export interface StallWatchOptions {
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Is told from when to when nothing ran, Unix milliseconds. */
  readonly onStall: (fromMs: number, untilMs: number) => void;
  /** Shortest time that counts. By the documentation of billaged, over 2 minutes without samples is a gap. @default 120_000 */
  readonly stallMs?: number;
  /** How often it looks. @default 1_000 */
  readonly checkMs?: number;
}

/** Starts to watch. A clock that is set forward looks the same, and leaves the same gap between the times of samples. */
export function startStallWatch({ now, onStall, stallMs = 120_000, checkMs = 1_000 }: StallWatchOptions): StallWatch {
  let seenAt = now();
  const timer = setInterval(() => {
    const lastSeenAt = seenAt;
    seenAt = now();
    if (seenAt - lastSeenAt > stallMs) onStall(lastSeenAt, seenAt);
  }, checkMs);
  return { stop: () => clearInterval(timer) };
}
