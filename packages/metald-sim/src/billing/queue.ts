import { setTimeout as sleep } from 'node:timers/promises';

/** Something to be delivered to billaged: a batch or a notice. */
export interface Delivery {
  /** Samples that are lost if it is never delivered; 0 for a notice. */
  readonly sampleCount: number;
  /** Tries once. @throws whatever the attempt failed with, soon after the signal is aborted at the latest */
  attempt(signal: AbortSignal): Promise<void>;
  /** Whether an attempt that failed so may succeed later. */
  isWorthRetrying(error: unknown): boolean;
  /** Is told that it was given up, and why. */
  giveUp(reason: GiveUpReason): void;
}

/** Why a delivery was given up. */
export type GiveUpReason = 'queue is full' | 'refused by billaged' | 'shutting down';

/** Delivers in order, one at a time, and tries again until billaged takes it: so the samples of a VM stay in order. */
export interface BillingQueue {
  /** Deliveries that wait, the one under way included. */
  readonly length: number;
  /** Puts a delivery at the end; when the queue is full, the oldest one that waits is given up. */
  add(delivery: Delivery): void;
  /**
   * Delivers what is left, gives up the rest after this time, and stops. An attempt that is under way then is broken off:
   * its delivery counts as given up, though billaged may have taken it.
   *
   * @returns samples that were given up in the whole life of the queue
   */
  close(timeoutMs: number): Promise<number>;
}

/** Options of `createBillingQueue`. */
export interface BillingQueueOptions {
  /** Most deliveries that wait. The documentation of metald says 1440, a day of batches of one VM. @default 1440 */
  readonly capacity?: number;
  /** Wait after the first failed attempt; it doubles with each further one. @default 100 */
  readonly firstRetryMs?: number;
  /** Longest wait between two attempts. @default 30_000 */
  readonly longestRetryMs?: number;
  /** Draws the jitter of a wait, 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** Makes an empty queue. */
export function createBillingQueue(options: BillingQueueOptions = {}): BillingQueue {
  const { capacity = 1_440, firstRetryMs = 100, longestRetryMs = 30_000, random = Math.random } = options;
  const waiting: Delivery[] = [];
  let underWay: Delivery | undefined;
  let serving = Promise.resolve();
  let lostSamples = 0;
  /** Aborted when closing begins: a wait between two attempts is cut short. */
  const hurry = new AbortController();
  /** Aborted when closing is over: nothing is tried any more. */
  const end = new AbortController();

  function giveUp(delivery: Delivery, reason: GiveUpReason): void {
    lostSamples += delivery.sampleCount;
    delivery.giveUp(reason);
  }

  async function serve(): Promise<void> {
    for (underWay = waiting.shift(); underWay !== undefined; underWay = waiting.shift()) await deliver(underWay);
  }

  async function deliver(delivery: Delivery): Promise<void> {
    let retryMs = firstRetryMs;
    while (!end.signal.aborted) {
      try {
        await delivery.attempt(end.signal);
        return;
      } catch (error) {
        if (end.signal.aborted) break;
        if (!delivery.isWorthRetrying(error)) return giveUp(delivery, 'refused by billaged');
      }
      await waitBeforeRetry(hurry.signal.aborted ? firstRetryMs : retryMs);
      retryMs = Math.min(2 * retryMs, longestRetryMs);
    }
    giveUp(delivery, 'shutting down');
  }

  /** Waits between half of a time and all of it, so that many senders do not return at the same moment. */
  async function waitBeforeRetry(longestMs: number): Promise<void> {
    const { signal } = hurry.signal.aborted ? end : hurry;
    await sleep(longestMs * (0.5 + 0.5 * random()), undefined, { signal }).catch(() => undefined);
  }

  return {
    get length() {
      return waiting.length + (underWay === undefined ? 0 : 1);
    },
    add(delivery) {
      if (end.signal.aborted) return giveUp(delivery, 'shutting down');
      const oldest = waiting.length >= capacity ? waiting.shift() : undefined;
      if (oldest !== undefined) giveUp(oldest, 'queue is full');
      waiting.push(delivery);
      if (underWay === undefined) serving = serve();
    },
    async close(timeoutMs) {
      hurry.abort();
      const deadline = setTimeout(() => end.abort(), timeoutMs);
      await serving;
      clearTimeout(deadline);
      end.abort();
      return lostSamples;
    },
  };
}
