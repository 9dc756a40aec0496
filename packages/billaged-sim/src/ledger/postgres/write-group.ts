import {
  type BatchWrites,
  type LateBatch,
  lateBatch,
  type OrderedBatch,
  orderBatch,
  ownerAfter,
  writeLate,
  writeNewer,
} from '../batch-writes.ts';
import type { Appended, GapNotice, StartNotice } from '../ledger.ts';
import { type ColumnBatch, copyColumns } from '../sample-columns.ts';
import { continueSummary } from '../vm-summary.ts';
import type { Transaction } from './database.ts';
import { readNeighbours, summaryAfter } from './neighbours.ts';
import { createPendingRows, type PendingRows } from './pending-rows.ts';
import { type HourSegment, hourSegmentOf } from './segment-table.ts';
import { lockVms, type VmState } from './vm-table.ts';

/** A batch that is ready to be written. It is prepared before rows are locked, and only once if the transaction is retried. */
export interface PreparedBatch extends OrderedBatch {
  /** Its changes if it is newer than all stored samples. */
  readonly ifNewer: BatchWrites;
  /** The segments of these changes, with their spans. */
  readonly segments: readonly HourSegment[];
}

/** Prepares a non-empty batch. */
export function prepareBatch(sent: ColumnBatch): PreparedBatch {
  const ordered = orderBatch(sent);
  // The caller may reuse the columns as soon as `append` has returned.
  const batch = ordered.samples === sent.samples ? { ...ordered, samples: copyColumns(sent.samples) } : ordered;
  const ifNewer = writeNewer(batch);
  return { ...batch, ifNewer, segments: ifNewer.inserted.map(hourSegmentOf) };
}

/** A write of a sender. */
export type Job =
  | { readonly kind: 'append'; readonly batch: PreparedBatch }
  | { readonly kind: 'start'; readonly notice: StartNotice }
  | { readonly kind: 'gap'; readonly notice: GapNotice };

/** The outcome of a group of jobs. */
export interface WrittenGroup {
  /** The outcome of each batch; `undefined` for a notice. */
  readonly appended: readonly (Appended | undefined)[];
  /** Change of the number of tracked VMs. */
  readonly trackedMore: number;
}

/** A late batch, and its index among the jobs. */
interface LateJob {
  readonly index: number;
  readonly vm: VmState;
  readonly late: LateBatch;
}

/**
 * Writes the jobs of several senders in one transaction and few round trips: one locks and reads the VMs, one writes. Late
 * batches need another one, which reads the data around their time, for all VMs at once.
 *
 * @param sealedHour nothing is added to hours before this one
 */
export async function writeGroup(
  transaction: Transaction,
  jobs: readonly Job[],
  sealedHour: number,
): Promise<WrittenGroup> {
  const vms = await lockVms(transaction, customersOf(jobs));
  const trackedBefore = countTracked(vms);
  const pending = createPendingRows(transaction);
  const appended: (Appended | undefined)[] = [];

  /** Does the part that needs no reading. @returns the late batch that is left to do */
  function begin(job: Job, index: number): LateJob | undefined {
    if (job.kind === 'gap') {
      const { vmId, lastSentNanos: at, resumeNanos: resumed } = job.notice;
      pending.notice({ vmId, kind: 'gap', at, resumed });
      return undefined;
    }
    const vm = lockedVm(vms, vmOf(job));
    pending.change(vm);
    if (job.kind === 'start') {
      start(vm, job.notice, pending);
      return undefined;
    }
    const { batch } = job;
    changeOwner(vm, batch, pending);
    const late = lateBatch(batch, vm, Math.max(sealedHour, vm.sealedHour));
    if (late !== undefined) return { index, vm, late };
    appended[index] = batch.ifNewer.appended;
    addNewer(vm, batch, pending);
    return undefined;
  }

  let waiting = jobs.map((job, index) => ({ job, index }));
  while (waiting.length > 0) {
    const left: typeof waiting = [];
    const late = new Map<string, LateJob>();
    for (const { job, index } of waiting) {
      // Jobs of a VM that follow a late batch wait until that is written.
      if (late.has(vmOf(job))) {
        left.push({ job, index });
        continue;
      }
      const lateJob = begin(job, index);
      if (lateJob !== undefined) late.set(lateJob.vm.vmId, lateJob);
    }
    if (late.size > 0) pending.sendSegments();
    await Promise.all(
      late.values().map(async (lateJob) => {
        appended[lateJob.index] = await addLate(transaction, lateJob, pending);
      }),
    );
    waiting = left;
  }
  await pending.finish();
  return { appended, trackedMore: countTracked(vms) - trackedBefore };
}

/** The customer of each VM if it is new. A gap notice adds no VM. */
function customersOf(jobs: readonly Job[]): Map<string, string> {
  const customers = new Map<string, string>();
  for (const job of jobs) {
    if (job.kind === 'gap') continue;
    const { vmId, customerId } = job.kind === 'start' ? job.notice : job.batch;
    if (!customers.has(vmId)) customers.set(vmId, customerId);
  }
  return customers;
}

function start(vm: VmState, { vmId, customerId, startNanos }: StartNotice, pending: PendingRows): void {
  if (vm.startNanos === undefined || startNanos < vm.startNanos) vm.startNanos = startNanos;
  vm.customerId = customerId;
  vm.isTracked = true;
  pending.notice({ vmId, kind: 'start', at: startNanos });
}

/** Updates the owner of the VM and the billed customer. */
function changeOwner(vm: VmState, batch: PreparedBatch, pending: PendingRows): void {
  Object.assign(vm, ownerAfter(vm, batch));
  if (vm.billedCustomerId === batch.customerId) return;
  vm.billedCustomerId = batch.customerId;
  pending.billTo(vm.vmId, batch.customerId);
}

function addNewer(vm: VmState, { ifNewer, segments }: PreparedBatch, pending: PendingRows): void {
  vm.summary = continueSummary(
    vm.summary,
    segments.map(({ span }) => span),
  );
  vm.newest = ifNewer.newest;
  pending.insert(vm.vmId, segments);
}

async function addLate(transaction: Transaction, { vm, late }: LateJob, pending: PendingRows): Promise<Appended> {
  if (late.open.length === 0) return writeLate(late, vm, []).appended;
  const neighbours = await readNeighbours(transaction, vm, late.open);
  const covered = neighbours.covered.map((segment) => segment.covered);
  const writes = writeLate(late, vm, covered);
  if (writes.appended.accepted > 0) {
    const inserted = writes.inserted.map(hourSegmentOf);
    pending.remove(vm.vmId, writes.removed);
    pending.insert(vm.vmId, inserted);
    for (const { hour } of inserted) if (hour < vm.rollupsUntil) pending.touch(vm.vmId, hour);
    vm.summary = summaryAfter(vm.summary, neighbours, writes, inserted);
    vm.newest = writes.newest;
  }
  return writes.appended;
}

function vmOf(job: Job): string {
  return job.kind === 'append' ? job.batch.vmId : job.notice.vmId;
}

function lockedVm(vms: ReadonlyMap<string, VmState>, vmId: string): VmState {
  const vm = vms.get(vmId);
  // A name that the database returns changed would get a new row each time.
  if (vm === undefined)
    throw new TypeError(`the database has no row for the VM ${JSON.stringify(vmId)} after adding it`);
  return vm;
}

function countTracked(vms: ReadonlyMap<string, VmState>): number {
  return vms.values().reduce((sum, { isTracked }) => sum + (isTracked ? 1 : 0), 0);
}
