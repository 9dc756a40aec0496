import type { Sample } from './sample.ts';

/** Consecutive samples of one VM. */
export interface Batch {
  readonly vmId: string;
  readonly customerId: string;
  readonly samples: readonly Sample[];
}

/** Whose samples a batch has. */
export type BatchOwner = Omit<Batch, 'samples'>;

/** Gathers samples into batches, one open batch a VM. */
export interface Batches {
  /** Adds a sample and gives the batch that it filled, if it did. */
  add(owner: BatchOwner, sample: Sample): Batch | undefined;
  /** Takes out the open batch of a VM, if it has samples. */
  take(vmId: string): Batch | undefined;
  /** Takes out the open batches of all VMs. */
  takeAll(): Batch[];
}

/** Makes an empty set of batches. */
export function createBatches(batchSize: number): Batches {
  const open = new Map<string, BatchOwner & { samples: Sample[] }>();

  function take(vmId: string): Batch | undefined {
    const batch = open.get(vmId);
    open.delete(vmId);
    return batch;
  }

  return {
    add({ vmId, customerId }, sample) {
      let batch = open.get(vmId);
      if (batch === undefined) {
        batch = { vmId, customerId, samples: [] };
        open.set(vmId, batch);
      }
      batch.samples.push(sample);
      return batch.samples.length >= batchSize ? take(vmId) : undefined;
    },
    take,
    takeAll() {
      const all = [...open.values()];
      open.clear();
      return all;
    },
  };
}
