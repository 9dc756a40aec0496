/** Brings what was written to the disk, many writes at a time. */
export interface GroupSync {
  /** Asks for a sync within the interval. */
  request(): void;
  /** Syncs now and ends: waits for the one under way first. */
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
    // What is written from here on may miss this sync, so it asks for the next one.
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
