import { createBatchEncoder } from './batch-encoder.ts';
import { type Batch, nanoseconds } from './messages.ts';
import { createPackedSamples } from './packed-samples.ts';

/** The VM that the samples of a batch belong to. */
export interface BatchOwner {
  readonly id: string;
  readonly customerId: string;
  /** The place of its open batch. When another VM gets the slot, the batch of the one before is passed on. */
  readonly slot: number;
}

/** The stage after the batcher. */
export interface BatchSink {
  /** Takes a batch that is full, or the last one of a VM. */
  add(batch: Batch): void;
}

/** Options of `createBatcher`. */
export interface BatcherOptions {
  /** Samples that fill a batch. */
  readonly batchSize: number;
  /** The next stage. */
  readonly outbox: BatchSink;
}

/** Gathers samples into batches, one open batch per VM, and passes full ones on. */
export interface Batcher {
  /** Adds a sample: its time in whole Unix milliseconds, and a row of `usageFields`. */
  add(owner: BatchOwner, unixMs: number, amounts: Float64Array): void;
  /** Passes on the open batch of a VM, if it has samples. */
  flush(owner: BatchOwner): void;
  /** Passes on the open batches of all VMs. */
  flushAll(): void;
  /** Memory that open batches take. */
  readonly byteLength: number;
}

/**
 * VMs that may begin within one second before the first batches of further VMs get different lengths: as many as a host of
 * the usual size has. Writing so many batches at once takes a few milliseconds.
 */
const startsTogether = 25;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** Makes a batcher without samples. */
export function createBatcher({ batchSize, outbox }: BatcherOptions): Batcher {
  const samples = createPackedSamples();
  const encoder = createBatchEncoder();
  const owners: (BatchOwner | undefined)[] = [];
  /** Samples at which the open batch of a slot is full. */
  const limits: number[] = [];
  let startsInSecond = { second: 0, count: 0 };

  /**
   * How many samples the first batch of a VM has. The batches of a fleet that begins at once would all be full at once,
   * and ten thousand would have to be sent at the same time every minute. So from the 25th VM that begins within a second,
   * first batches are shorter, each by a different share.
   */
  function firstLimit(unixMs: number): number {
    const second = Math.floor(unixMs / 1_000);
    const count = startsInSecond.second === second ? startsInSecond.count + 1 : 0;
    startsInSecond = { second, count };
    return count < startsTogether ? batchSize : 1 + Math.floor(batchSize * ((count * goldenRatio) % 1));
  }

  /** Encodes the open batch of a slot and passes it on. */
  function close(slot: number, owner: BatchOwner): void {
    const sampleCount = samples.countOf(slot);
    const [firstTimestamp, lastTimestamp] = [nanoseconds(samples.firstMsOf(slot)), nanoseconds(samples.lastMsOf(slot))];
    const { id: vmId, customerId } = owner;
    encoder.begin(vmId, customerId);
    samples.drain(slot, encoder.add);
    outbox.add({ vmId, customerId, sampleCount, firstTimestamp, lastTimestamp, bytes: encoder.end() });
  }

  /** Passes on what a deleted VM has left in a slot, so that none of its samples is lost or billed to the next VM. */
  function changeOwner(owner: BatchOwner, unixMs: number): void {
    const before = owners[owner.slot];
    if (before !== undefined && samples.countOf(owner.slot) > 0) close(owner.slot, before);
    owners[owner.slot] = owner;
    limits[owner.slot] = firstLimit(unixMs);
  }

  return {
    add(owner, unixMs, amounts) {
      const { slot } = owner;
      if (owners[slot] !== owner) changeOwner(owner, unixMs);
      samples.append(slot, unixMs, amounts);
      if (samples.countOf(slot) < (limits[slot] ?? batchSize)) return;
      limits[slot] = batchSize;
      close(slot, owner);
    },
    flush(owner) {
      if (owners[owner.slot] === owner && samples.countOf(owner.slot) > 0) close(owner.slot, owner);
    },
    flushAll() {
      for (const owner of owners) {
        if (owner !== undefined && samples.countOf(owner.slot) > 0) close(owner.slot, owner);
      }
    },
    get byteLength() {
      return samples.byteLength;
    },
  };
}
