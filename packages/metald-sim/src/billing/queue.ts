import { setTimeout as sleep } from 'node:timers/promises';

/** Something to be delivered to billaged: a batch or a notice. */
export interface Delivery {
  /** Samples that are lost if it is never delivered; 0 for a notice. */
  readonly sampleCount: number;
  /** Tries once. @throws whatever the attempt failed with */
  attempt(): Promise<void>;
  /** Whether an attempt that failed so may succeed later. */
  isWorthRetrying(error: unknown): boolean;
  /** Is told that it was given up, and why. */
  giveUp(reason: GiveUpReason): void;
}

/** Why a delivery was given up. */
export type GiveUpReason = 'queue is full' | 'refused by billaged' | 'shutting down';

/** Delivers in order, one at a time, and tries again until billaged takes it: so the samples of a VM stay in order. */
export interface BillingQueue {
  readonly length: number;
  /** Puts a delivery at the end; when the queue is full, the oldest one is given up. */
  add(delivery: Delivery): void;
  /** Delivers what is left, gives up the rest after this time, and stops. @returns samples that were given up now */
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

/** Makes an empty queue and begins to serve it. */
export function createBillingQueue(options: BillingQueueOptions = {}): BillingQueue {
  const { capacity = 1_440, firstRetryMs = 100, longestRetryMs = 30_000, random = Math.random } = options;
  const waiting: Delivery[] = [];
  const stop = new AbortController();
  let idle: Promise<void> | undefined;

  /** Serves the queue until it is empty or stopped. */
  async function serve(): Promise<void> {
    let retryMs = firstRetryMs;
    while (!stop.signal.aborted) {
      const delivery = waiting[0];
      if (delivery === undefined) return;
      const outcome = await deliver(delivery);
      if (outcome === 'retry') {
        // Between half of it and all of it, so that many senders do not return at the same moment.
        await sleep(retryMs * (0.5 + 0.5 * random()), undefined, { signal: stop.signal }).catch(() => undefined);
        retryMs = Math.min(2 * retryMs, longestRetryMs);
        continue;
      }
      retryMs = firstRetryMs;
      // The queue may have given it up meanwhile, being full.
      if (waiting[0] === delivery) waiting.shift();
      if (outcome === 'refused') delivery.giveUp('refused by billaged');
    }
  }

  async function deliver(delivery: Delivery): Promise<'done' | 'retry' | 'refused'> {
    try {
      await delivery.attempt();
      return 'done';
    } catch (error) {
      return delivery.isWorthRetrying(error) ? 'retry' : 'refused';
    }
  }

  function serveUnlessServing(): void {
    idle ??= serve().finally(() => {
      idle = undefined;
    });
  }

  return {
    get length() {
      return waiting.length;
    },
    add(delivery) {
      if (stop.signal.aborted) return delivery.giveUp('shutting down');
      if (waiting.length >= capacity) waiting.shift()?.giveUp('queue is full');
      waiting.push(delivery);
      serveUnlessServing();
    },
    async close(timeoutMs) {
      const timer = setTimeout(() => stop.abort(), timeoutMs);
      await Promise.race([idle, new Promise((resolve) => stop.signal.addEventListener('abort', resolve))]);
      clearTimeout(timer);
      stop.abort();
      const rest = waiting.splice(0);
      for (const delivery of rest) delivery.giveUp('shutting down');
      return rest.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    },
  };
}
