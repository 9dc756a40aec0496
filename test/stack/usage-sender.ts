import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';
import { billingClient } from '../support/clients.ts';

/** What sends the usage of one VM. */
export interface UsageSender {
  /** Ends it; what it has under way is answered first. */
  stop(): Promise<void>;
}

/** Options of `startUsageSender`. */
export interface UsageSenderOptions {
  readonly vmId: string;
  /** How far its clock is ahead, in milliseconds. @default 0 */
  readonly aheadMs?: number;
}

/** Between two attempts, in milliseconds. */
const pauseMs = 100;

/**
 * Sends batches of ten samples to billaged, as metald does: one after the other, and what was not acknowledged comes again
 * until it is, or is certain to be refused. Unlike metald it does not wait the longer the more attempts have failed: minutes
 * of its clock would be many hours of a fast one.
 */
export function startUsageSender(billagedUrl: string, { vmId, aheadMs = 0 }: UsageSenderOptions): UsageSender {
  const client = billingClient(billagedUrl);
  let isStopping = false;

  async function deliver(batch: ReturnType<typeof nextBatch>): Promise<void> {
    while (!isStopping) {
      try {
        await client.sendMetricsBatch(batch);
        return;
      } catch (error) {
        if (ConnectError.from(error).code === Code.InvalidArgument) return;
      }
      await sleep(pauseMs);
    }
  }
  function nextBatch() {
    const untilMs = Date.now() + aheadMs;
    return {
      vmId,
      customerId: 'acme',
      metrics: Array.from({ length: 10 }, (_, index) => sampleAt(untilMs - 9 + index)),
    };
  }
  const running = (async () => {
    while (!isStopping) {
      await deliver(nextBatch());
      await sleep(pauseMs);
    }
  })();

  return {
    async stop() {
      isStopping = true;
      await running;
    },
  };
}

/** Counters of a VM only grow, and have to stay below 2^53. */
function sampleAt(ms: number) {
  const nanos = BigInt(ms) * 1_000_000n;
  return {
    timestamp: { seconds: nanos / 1_000_000_000n, nanos: Number(nanos % 1_000_000_000n) },
    cpuTimeNanos: 5n * BigInt(ms),
    memoryUsageBytes: 1n << 30n,
  };
}
