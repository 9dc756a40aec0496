import type { FleetSlots } from '../fleet/fleet.ts';
import type { MetaldMetrics } from '../metrics.ts';
import type { Batch } from './batch.ts';
import { type Batches, createBatches } from './batches.ts';
import type { GroundTruth } from './ground-truth.ts';
import { startSampler } from './sampler.ts';

/** Options of `startCollection`. */
export interface CollectionOptions {
  readonly slots: FleetSlots;
  readonly truth: GroundTruth;
  readonly metrics: MetaldMetrics;
  /** Time between two samples of a VM, in milliseconds. */
  readonly intervalMs: number;
  /** Samples in a batch. */
  readonly batchSize: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Is given each batch that is full. */
  readonly onBatch: (batch: Batch) => void;
}

/** The usage of a fleet on its way into batches. */
export interface Collection extends Pick<Batches, 'take' | 'takeAll' | 'byteLength'> {
  /** Samples taken since the beginning. */
  readonly sampleCount: number;
  /** Takes no more samples. Open batches stay until they are taken. */
  stop(): void;
}

/** Starts to take samples and to fill batches with them. */
export function startCollection(options: CollectionOptions): Collection {
  const { slots, truth, metrics, intervalMs, batchSize, now, onBatch } = options;
  const batches = createBatches({ batchSize, onFull: onBatch });
  let sampleCount = 0;

  const sampler = startSampler({
    slots,
    truth,
    intervalMs,
    now,
    onSample: batches.add,
    onTick({ lagMs, workMs, missed, samples }) {
      sampleCount += samples;
      metrics.billingMetricsCollected.inc(samples);
      metrics.billingTickLag.observe(lagMs / 1_000);
      metrics.billingTickDuration.observe(workMs / 1_000);
      if (missed > 0) metrics.billingTicksMissed.inc(missed);
    },
  });

  return {
    take: batches.take,
    takeAll: batches.takeAll,
    get byteLength() {
      return batches.byteLength;
    },
    get sampleCount() {
      return sampleCount;
    },
    stop: sampler.stop,
  };
}
