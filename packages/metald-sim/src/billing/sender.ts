import type { Breaker } from './breaker.ts';
import type { Delivery } from './delivery.ts';
import type { SpoolEntry } from './spool/entry.ts';
import { createVmQueues, hasBatch, type VmQueue } from './vm-queues.ts';

/** Delivers the entries of one VM in order, one at a time, and those of different VMs concurrently. */
export interface Sender {
  /** Puts an entry behind the others of its VM. */
  add(entry: SpoolEntry): void;
  /** Delivers what is left, without long waits, until this time is over; then aborts the attempts under way. */
  close(timeoutMs: number): Promise<void>;
}

/** Options of `createSender`. */
export interface SenderOptions {
  /** The next stage. */
  readonly delivery: Delivery;
  readonly breaker: Breaker;
  /** Most attempts at a time. @default 8 */
  readonly concurrency?: number;
  /** Wait of a VM after its first failed attempt; it doubles with each further one. @default 100 */
  readonly firstRetryMs?: number;
  /** Longest wait of a VM between two attempts. @default 30_000 */
  readonly longestRetryMs?: number;
  /** The jitter of a wait, 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** Makes a sender with nothing to send. */
export function createSender(options: SenderOptions): Sender {
  const { delivery, breaker, concurrency = 8, firstRetryMs = 100, longestRetryMs = 30_000 } = options;
  const { random = Math.random } = options;
  const queues = createVmQueues();
  const end = new AbortController();
  const idle = Promise.withResolvers<void>();
  let underWay = 0;
  let wakeUp: NodeJS.Timeout | undefined;
  let isClosing = false;

  /** Begins as many attempts as are allowed now. */
  function pump(): void {
    clearTimeout(wakeUp);
    while (queues.hasReady && underWay < concurrency && !end.signal.aborted) {
      const waitMs = breaker.waitMs();
      if (waitMs > 0) {
        if (waitMs !== Number.POSITIVE_INFINITY) wakeUp = setTimeout(pump, Math.ceil(waitMs));
        break;
      }
      // The attempt that ends an outage is made with a batch if there is one: batches are what is at risk.
      const queue = queues.takeReady(breaker.state === 'open');
      if (queue !== undefined) void attempt(queue);
    }
    if (isClosing && underWay === 0 && (queues.isEmpty || end.signal.aborted)) idle.resolve();
  }

  async function attempt(queue: VmQueue): Promise<void> {
    const [entry] = queue.entries;
    if (entry === undefined) return;
    underWay += 1;
    const breakerAttempt = breaker.begin();
    const isBeforeBatch = entry.content.kind !== 'batch' && hasBatch(queue);
    const outcome = await delivery.deliver(entry, isBeforeBatch, end.signal);
    underWay -= 1;
    if (outcome.isSettled) {
      const wasClosed = breaker.state === 'closed';
      breaker.succeeded(breakerAttempt);
      // billaged is back: no VM has to wait any longer.
      if (!wasClosed) queues.releaseAll();
      if (outcome.next !== undefined) queue.entries.push(outcome.next);
      queues.shift(queue);
    } else {
      breaker.failed(breakerAttempt, outcome.retryAfterMs);
      queues.backOff(queue, backoffMs(queue.failures), pump);
    }
    pump();
  }

  function backoffMs(failures: number): number {
    const retryMs = Math.min(firstRetryMs * 2 ** failures, isClosing ? firstRetryMs : longestRetryMs);
    // Between half of it and all of it, so that many VMs do not return at the same time.
    return retryMs * (0.5 + 0.5 * random());
  }

  return {
    add(entry) {
      if (queues.add(entry)) pump();
    },
    async close(timeoutMs) {
      isClosing = true;
      breaker.hurry();
      queues.releaseAll();
      const deadline = setTimeout(() => {
        end.abort();
        pump();
      }, timeoutMs);
      pump();
      await idle.promise;
      clearTimeout(deadline);
      end.abort();
      clearTimeout(wakeUp);
      queues.stop();
    },
  };
}
