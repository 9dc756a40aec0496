import type { Appended, GapNotice, StartNotice } from '../ledger.ts';
import { isAfter, unixNanos } from '../moment.ts';
import { hourOf } from '../run.ts';
import type { SampleColumns } from '../sample-columns.ts';
import { rowsFrom } from '../time-order.ts';
import { continueSummary } from '../vm-summary.ts';
import type { Transaction } from './database.ts';
import { placeLate, readSurroundings } from './late-batch.ts';
import { createPendingRows, type PendingRows } from './pending-rows.ts';
import type { PreparedBatch } from './prepared-batch.ts';
import type { VmState } from './vm-state.ts';
import { lockVms } from './vm-table.ts';

/** What is written for a sender. */
export type Job =
  | { readonly kind: 'append'; readonly batch: PreparedBatch }
  | { readonly kind: 'start'; readonly notice: StartNotice }
  | { readonly kind: 'gap'; readonly notice: GapNotice };

/** What came of a group of jobs. */
export interface WrittenGroup {
  /** What became of each batch; of a notice nothing. */
  readonly appended: readonly (Appended | undefined)[];
  /** VMs that are tracked more than before. */
  readonly trackedMore: number;
}

/** A batch of which samples are to be placed among what is there. */
interface LateBatch {
  readonly index: number;
  readonly vm: VmState;
  readonly batch: PreparedBatch;
  /** The samples of hours that are not closed, and how many others there were. */
  readonly open: SampleColumns;
  readonly closed: number;
}

/**
 * Writes what several senders have sent, in one transaction and few round trips: one locks and reads the VMs, one writes.
 * Batches that come late need one more, in which what is there at their time is read, for all VMs at once.
 *
 * @param closedHour nothing is added to hours before this one
 */
export async function writeGroup(
  transaction: Transaction,
  jobs: readonly Job[],
  closedHour: number,
): Promise<WrittenGroup> {
  const vms = await lockVms(transaction, customersOf(jobs));
  const trackedBefore = countTracked(vms);
  const pending = createPendingRows(transaction);
  const appended: (Appended | undefined)[] = [];

  /** Does what needs no reading. @returns what is left to do of a batch that comes late */
  function begin(job: Job, index: number): LateBatch | undefined {
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
    noteOwner(vm, batch, pending);
    const closedBefore = Math.max(closedHour, vm.closedHour);
    if (isAfter(batch.oldest, vm.newest) && batch.oldest.hour >= closedBefore) {
      appended[index] = { accepted: batch.samples.length, duplicates: batch.duplicates, closed: 0 };
      writeNewer(vm, batch, pending);
      return undefined;
    }
    let closed = 0;
    while (closed < batch.samples.length && hourOf(batch.samples, closed) < closedBefore) closed++;
    const open = closed === 0 ? batch.samples : rowsFrom(batch.samples, closed);
    return { index, vm, batch, open, closed };
  }

  let waiting = jobs.map((job, index) => ({ job, index }));
  while (waiting.length > 0) {
    const left: typeof waiting = [];
    const late = new Map<string, LateBatch>();
    for (const { job, index } of waiting) {
      // What comes for a VM after a late batch waits until that is written.
      if (late.has(vmOf(job))) {
        left.push({ job, index });
        continue;
      }
      const batch = begin(job, index);
      if (batch !== undefined) late.set(batch.vm.vmId, batch);
    }
    if (late.size > 0) pending.sendRuns();
    await Promise.all(
      late.values().map(async (batch) => {
        appended[batch.index] = await writeLate(transaction, batch, pending);
      }),
    );
    waiting = left;
  }
  await pending.finish();
  return { appended, trackedMore: countTracked(vms) - trackedBefore };
}

/** Whom each VM is for if it is new. A gap notice makes no VM. */
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

/** Tracks the VM, unless all samples are from before it was stopped, and notes who pays. */
function noteOwner(vm: VmState, { customerId, newest }: PreparedBatch, pending: PendingRows): void {
  vm.isTracked ||= vm.stopNanos === undefined || unixNanos(newest) > vm.stopNanos;
  if (isAfter(newest, vm.newest)) vm.customerId = customerId;
  if (vm.payerId === customerId) return;
  vm.payerId = customerId;
  pending.pay(vm.vmId, customerId);
}

/** The ordinary case: everything is newer than what is there, so nothing has to be looked up. */
function writeNewer(vm: VmState, { newest, runs }: PreparedBatch, pending: PendingRows): void {
  vm.summary = continueSummary(
    vm.summary,
    runs.map(({ stretch }) => stretch),
  );
  vm.newest = newest;
  pending.insert(vm.vmId, runs);
}

/** Samples that come late or again: what is there at their time decides. */
async function writeLate(
  transaction: Transaction,
  { vm, batch, open, closed }: LateBatch,
  pending: PendingRows,
): Promise<Appended> {
  const { duplicates, customerId } = batch;
  if (open.length === 0) return { accepted: 0, duplicates, closed };
  const placed = placeLate(vm, customerId, open, await readSurroundings(transaction, vm, open));
  if (placed.accepted > 0) {
    pending.remove(vm.vmId, placed.replaced);
    pending.insert(vm.vmId, placed.inserted);
    for (const { hour } of placed.inserted) if (hour < vm.totalsUntil) pending.touch(vm.vmId, hour);
    vm.summary = placed.summary;
    if (isAfter(batch.newest, vm.newest)) vm.newest = batch.newest;
  }
  return { accepted: placed.accepted, duplicates: duplicates + placed.duplicates, closed };
}

function vmOf(job: Job): string {
  return job.kind === 'append' ? job.batch.vmId : job.notice.vmId;
}

function lockedVm(vms: ReadonlyMap<string, VmState>, vmId: string): VmState {
  const vm = vms.get(vmId);
  // A text that the database gives back changed would have a row of its own at each time.
  if (vm === undefined)
    throw new TypeError(`the database has no row for the VM ${JSON.stringify(vmId)} after adding it`);
  return vm;
}

function countTracked(vms: ReadonlyMap<string, VmState>): number {
  return vms.values().reduce((sum, { isTracked }) => sum + (isTracked ? 1 : 0), 0);
}
