import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplicaSet } from './replica-set.ts';
import type { StreamSample, VmStream } from './vm-stream.ts';

/** What a sender has done. */
export interface SenderCounts {
  /** Samples of the stream that were acknowledged. */
  acknowledged: number;
  /** Samples that were sent beside them, for the second time or more. */
  repeated: number;
  /** Requests that failed. */
  failed: number;
}

/** Most samples that were acknowledged and are sent again at the head of a batch. */
const mostOverlap = 200;

/**
 * Sends what a VM has used until it is told to stop, and then the rest. A batch often begins with samples that were billed
 * before, goes to two replicas at once now and then, and to the next one when it fails, until someone acknowledges it.
 */
export async function sendInsistently(
  replicas: Pick<ReplicaSet, 'next'>,
  stream: VmStream,
  { random, isOver }: { readonly random: () => number; readonly isOver: () => boolean },
): Promise<SenderCounts> {
  const counts: SenderCounts = { acknowledged: 0, repeated: 0, failed: 0 };
  const { vmId, customerId } = stream;
  let billed: readonly StreamSample[] = [];
  const upTo = (most: number) => Math.floor(random() * (most + 1));

  async function sendUntilAcknowledged(metrics: readonly StreamSample[]): Promise<void> {
    for (;;) {
      const copies = random() < 0.2 ? 2 : 1;
      const sent = Array.from({ length: copies }, () =>
        replicas.next().sendMetricsBatch({ vmId, customerId, metrics: [...metrics] }),
      );
      const answers = await Promise.allSettled(sent);
      const failed = answers.filter(({ status }) => status === 'rejected').length;
      counts.failed += failed;
      counts.repeated += (copies - 1) * metrics.length;
      if (failed < copies) return;
      counts.repeated += metrics.length;
      await sleep(20);
    }
  }

  while (!isOver() || stream.waiting.length > 0) {
    if (!isOver() && stream.waiting.length < 600) stream.take(600);
    const fresh = stream.waiting.slice(0, 1 + upTo(599));
    const overlap = random() < 0.5 ? billed.slice(billed.length - upTo(Math.min(mostOverlap, billed.length))) : [];
    await sendUntilAcknowledged([...overlap, ...fresh]);
    stream.acknowledge(fresh.length);
    counts.acknowledged += fresh.length;
    counts.repeated += overlap.length;
    billed = [...billed, ...fresh].slice(-mostOverlap);
    await sleep(5);
  }
  return counts;
}
