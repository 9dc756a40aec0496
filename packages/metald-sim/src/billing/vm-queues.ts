import type { SpoolEntry } from './spool/entry.ts';

/** The entries of one VM that wait for their delivery. */
export interface VmQueue {
  /** In the order of delivery. */
  readonly entries: SpoolEntry[];
  /** Failed attempts since the last success. */
  failures: number;
}

/** Makes a queue per VM. Each is ready, in backoff after a failed attempt, or has an attempt under way. */
export function createVmQueues() {
  const queues = new Map<string, VmQueue>();
  /** In the order in which they became ready. */
  const ready = new Set<VmQueue>();
  const backoffs = new Map<VmQueue, NodeJS.Timeout>();

  return {
    /** Whether nothing waits and nothing is under way. */
    get isEmpty() {
      return queues.size === 0;
    },
    get hasReady() {
      return ready.size > 0;
    },
    /** Puts an entry behind the others of its VM. @returns whether that made a queue ready */
    add(entry: SpoolEntry): boolean {
      const { vmId } = entry.content;
      const queue = queues.get(vmId);
      if (queue !== undefined) {
        queue.entries.push(entry);
        return false;
      }
      const added = { entries: [entry], failures: 0 };
      queues.set(vmId, added);
      ready.add(added);
      return true;
    },
    /** Takes the queue that has been ready for longest. @param prefersBatch whether one with a batch goes first */
    takeReady(prefersBatch: boolean): VmQueue | undefined {
      const [first] = ready;
      const queue = (prefersBatch ? ready.values().find(hasBatch) : undefined) ?? first;
      if (queue !== undefined) ready.delete(queue);
      return queue;
    },
    /** Removes the first entry of a queue. The queue is ready again if it has more. */
    shift(queue: VmQueue): void {
      const entry = queue.entries.shift();
      queue.failures = 0;
      if (queue.entries.length > 0) ready.add(queue);
      else if (entry !== undefined) queues.delete(entry.content.vmId);
    },
    /** Makes a queue ready after a wait. @param wakeUp is called then */
    backOff(queue: VmQueue, waitMs: number, wakeUp: () => void): void {
      queue.failures += 1;
      const release = () => {
        backoffs.delete(queue);
        ready.add(queue);
        wakeUp();
      };
      backoffs.set(queue, setTimeout(release, waitMs));
    },
    /** Ends all waits: their queues are ready now. */
    releaseAll(): void {
      for (const [queue, timer] of backoffs) {
        clearTimeout(timer);
        ready.add(queue);
      }
      backoffs.clear();
    },
    /** Stops the timers of all waits. */
    stop(): void {
      for (const timer of backoffs.values()) clearTimeout(timer);
    },
  };
}

/** Whether a batch waits in a queue. */
export function hasBatch({ entries }: VmQueue): boolean {
  return entries.some(({ content }) => content.kind === 'batch');
}
