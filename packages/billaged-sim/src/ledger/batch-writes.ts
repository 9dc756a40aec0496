import { type CoveredSegment, mergeSamples } from './coverage.ts';
import type { Appended } from './ledger.ts';
import { type ColumnBatch, inTimeOrder, rowsFrom, type SampleColumns } from './sample-columns.ts';
import { type StoredSegment, segmentsOf } from './segment.ts';
import { type HourTime, hourAt, isAfter, timeAt, unixNanos } from './time.ts';

/*
 * Decides what a batch changes, independent of the driver: a driver reads its state of the VM, and stores the result.
 */

/** A batch whose samples are in strictly increasing time order. */
export interface OrderedBatch {
  readonly vmId: string;
  readonly customerId: string;
  readonly samples: SampleColumns;
  /** Samples that were dropped, because another sample of the batch has the same time. */
  readonly duplicates: number;
  readonly oldest: HourTime;
  readonly newest: HourTime;
}

/** The state of a VM that decides what becomes of a batch. */
export interface KnownVm {
  /** The customer that summaries name. */
  readonly customerId: string;
  readonly isTracked: boolean;
  /** Latest stop notice, Unix nanoseconds. */
  readonly stopNanos: bigint | undefined;
  /** Time of the newest sample; `beforeAll` when there is none. */
  readonly newest: HourTime;
}

/** A batch that is not newer than all stored samples: the segments at its time decide what is new. */
export interface LateBatch {
  readonly batch: OrderedBatch;
  /** The samples of hours that are not sealed. */
  readonly open: SampleColumns;
  /** How many samples are of hours that are sealed. */
  readonly sealed: number;
}

/** What a driver has to store. */
export interface BatchWrites {
  readonly appended: Appended;
  readonly inserted: readonly StoredSegment[];
  /** Segments that the inserted ones replace. Remove them first: an inserted segment may have the same key. */
  readonly removed: readonly CoveredSegment[];
  /** Time of the newest sample of the VM afterwards. */
  readonly newest: HourTime;
}

/** Sorts the samples of a non-empty batch by time. The columns are shared with the batch if they were already sorted. */
export function orderBatch({ vmId, customerId, samples: sent }: ColumnBatch): OrderedBatch {
  const { samples, duplicates } = inTimeOrder(sent);
  const newest = timeAt(samples, samples.length - 1);
  return { vmId, customerId, samples, duplicates, oldest: timeAt(samples, 0), newest };
}

/**
 * The customer that summaries name after a batch, and whether the VM is tracked. It is, unless all samples are from before
 * its stop.
 */
export function ownerAfter(vm: KnownVm, { customerId, newest }: OrderedBatch) {
  return {
    customerId: isAfter(newest, vm.newest) ? customerId : vm.customerId,
    isTracked: vm.isTracked || vm.stopNanos === undefined || unixNanos(newest) > vm.stopNanos,
  };
}

/**
 * Finds out whether a batch is late.
 *
 * @param sealedBefore nothing is added to hours before this one
 * @returns `undefined` for the usual batch, in which every sample is newer than all stored ones
 */
export function lateBatch(batch: OrderedBatch, { newest }: KnownVm, sealedBefore: number): LateBatch | undefined {
  const { samples, oldest } = batch;
  if (isAfter(oldest, newest) && oldest.hour >= sealedBefore) return undefined;
  let sealed = 0;
  while (sealed < samples.length && hourAt(samples, sealed) < sealedBefore) sealed++;
  return { batch, open: sealed === 0 ? samples : rowsFrom(samples, sealed), sealed };
}

/** The changes of a batch that is newer than all stored samples: nothing has to be read. */
export function writeNewer({ samples, customerId, duplicates, newest }: OrderedBatch): BatchWrites {
  return {
    appended: { accepted: samples.length, duplicates, sealed: 0 },
    inserted: segmentsOf({ customerId, samples, from: 0, to: samples.length - 1, isShort: false }),
    removed: [],
    newest,
  };
}

/**
 * The changes of a late batch.
 *
 * @param covered the segments that overlap the time of its open samples, in time order
 */
export function writeLate(late: LateBatch, vm: KnownVm, covered: readonly CoveredSegment[]): BatchWrites {
  const { batch, open, sealed } = late;
  const { accepted, duplicates, replaced, pieces } = mergeSamples(open, batch.customerId, covered);
  return {
    appended: { accepted, duplicates: batch.duplicates + duplicates, sealed },
    inserted: pieces.flatMap(segmentsOf),
    removed: replaced,
    newest: accepted > 0 && isAfter(batch.newest, vm.newest) ? batch.newest : vm.newest,
  };
}
