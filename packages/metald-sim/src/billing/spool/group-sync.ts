/** Syncs writes to the disk, many at a time. */
export interface GroupSync {
  /** Asks for a sync within the interval. */
  request(): void;
  /** Waits for the sync under way, then syncs a last time. */
  finish(): Promise<void>;
}

/** Options of `createGroupSync`. */
export interface GroupSyncOptions {
  /** Longest time between a write and the beginning of its sync. */
  readonly intervalMs: number;
  /** Never rejects. */
  readonly sync: () => Promise<void>;
}

/** Makes a group sync. Two syncs never run at the same time. */
export function createGroupSync({ intervalMs, sync }: GroupSyncOptions): GroupSync {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let isFinished = false;

  function start(): void {
    // Later writes may miss this sync, so they request the next one.
    timer = undefined;
    running = running.then(sync);
  }

  return {
    request() {
      if (!isFinished) timer ??= setTimeout(start, intervalMs);
    },
    async finish() {
      isFinished = true;
      clearTimeout(timer);
      await running;
      await sync();
    },
  };
}
