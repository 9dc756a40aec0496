import type { Batch } from './batch.ts';
import { createBatchEncoder } from './encode-batch.ts';
import { createPackedSamples } from './packed-samples.ts';

/** Whose samples a batch has. */
export interface BatchOwner {
  readonly id: string;
  readonly customerId: string;
  /** Which open batch is its own; when another VM has its slot, the batch of the one before is closed. */
  readonly slot: number;
}

/** Options of `createBatches`. */
export interface BatchesOptions {
  /** Samples that fill a batch. */
  readonly batchSize: number;
  /** Is given each batch that is full. */
  readonly onFull: (batch: Batch) => void;
}

/** Gathers samples into batches, one open batch a VM. */
export interface Batches {
  /** Adds a sample: when it was taken, in whole Unix milliseconds, and a row of `usageFields`. */
  add(owner: BatchOwner, unixMs: number, amounts: Float64Array): void;
  /** Takes out the open batch of a VM, if it has samples. */
  take(owner: BatchOwner): Batch | undefined;
  /** Takes out the open batches of all VMs, one at a time. */
  takeAll(): Iterable<Batch>;
  /** Memory that open batches take. */
  readonly byteLength: number;
}

/**
 * VMs that may begin within a second before the first batches of more of them are made to end at different times: those of
 * a host of the usual size. Writing so many batches in one go takes a few milliseconds.
 */
const startsTogether = 25;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** Makes an empty set of batches. */
export function createBatches({ batchSize, onFull }: BatchesOptions): Batches {
  const samples = createPackedSamples();
  const encoder = createBatchEncoder();
  const owners: (BatchOwner | undefined)[] = [];
  /** Samples at which the open batch of a slot is full. */
  const limits: number[] = [];
  let startsInSecond = { second: 0, count: 0 };

  /**
   * How many samples the first batch of a VM has. When a fleet begins at once, its batches would all be full at once, too,
   * and ten thousand would have to be sent in the same moment every minute: so from the 25th VM that begins within a
   * second on, first batches are shorter, each by another part of a batch.
   */
  function firstLimit(unixMs: number): number {
    const second = Math.floor(unixMs / 1_000);
    const count = startsInSecond.second === second ? startsInSecond.count + 1 : 0;
    startsInSecond = { second, count };
    return count < startsTogether ? batchSize : 1 + Math.floor(batchSize * ((count * goldenRatio) % 1));
  }

  function close(slot: number, owner: BatchOwner): Batch {
    const sampleCount = samples.countOf(slot);
    const [firstTimestamp, lastTimestamp] = [nanoseconds(samples.firstMsOf(slot)), nanoseconds(samples.lastMsOf(slot))];
    const { id: vmId, customerId } = owner;
    encoder.begin(vmId, customerId);
    samples.drain(slot, encoder.add);
    return { vmId, customerId, sampleCount, firstTimestamp, lastTimestamp, bytes: encoder.end() };
  }

  /** Ends what a VM that is gone has left in a slot, so that no sample of it is lost or billed to the next one. */
  function changeOwner(owner: BatchOwner, unixMs: number): void {
    const before = owners[owner.slot];
    if (before !== undefined && samples.countOf(owner.slot) > 0) onFull(close(owner.slot, before));
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
      onFull(close(slot, owner));
    },
    take(owner) {
      const isOpen = owners[owner.slot] === owner && samples.countOf(owner.slot) > 0;
      return isOpen ? close(owner.slot, owner) : undefined;
    },
    *takeAll() {
      for (const owner of owners) {
        if (owner !== undefined && samples.countOf(owner.slot) > 0) yield close(owner.slot, owner);
      }
    },
    get byteLength() {
      return samples.byteLength;
    },
  };
}

function nanoseconds(unixMs: number): bigint {
  return BigInt(unixMs) * 1_000_000n;
}
