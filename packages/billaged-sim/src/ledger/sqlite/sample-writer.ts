import { cutRuns, cutShortRuns, shortRun } from '../cut-runs.ts';
import { type Piece, placeSamples } from '../late-samples.ts';
import type { Appended } from '../ledger.ts';
import { beforeAll, isAfter, type Moment, momentOf, unixNanos } from '../moment.ts';
import { hourOf } from '../run.ts';
import { encodeSamples } from '../sample-codec.ts';
import type { ColumnBatch, SampleColumns } from '../sample-columns.ts';
import { sumUpRun } from '../sum-up-run.ts';
import { inTimeOrder, rowsFrom } from '../time-order.ts';
import type { Compaction } from './compaction.ts';
import type { Tables } from './tables.ts';
import type { VmState } from './vm-table.ts';

/** Writes a batch; to be called in a transaction. */
export type WriteBatch = (batch: ColumnBatch) => Appended;

/** Makes the function that turns batches into runs. */
export function createSampleWriter({ vms, runs, totals, closed }: Tables, compaction: Compaction): WriteBatch {
  /** Inserts a run. */
  function insertRun(vm: VmState, customer: number, samples: SampleColumns, from: number, to: number): void {
    const run = sumUpRun(samples, from, to);
    const keepsSamples = run.count > 1 && run.count <= shortRun;
    runs.insert(vm.id, customer, run, keepsSamples ? encodeSamples(samples, from, to, run.hour) : null);
  }

  /** Tracks the VM, unless all samples are from before it was stopped, and notes who pays. */
  function noteOwner(vm: VmState, customerId: string, newest: Moment): number {
    if (vm.payer === undefined && vm.newest !== beforeAll) compaction.askTail(vm.id, vm.newest.hour);
    const isTracked = vm.isTracked || vm.stopNanos === undefined || unixNanos(newest) > vm.stopNanos;
    const isNewer = isAfter(newest, vm.newest);
    if (isTracked !== vm.isTracked || (isNewer && vm.customerId !== customerId)) {
      vms.update(vm, { isTracked, ...(isNewer && { customerId }) });
    }
    return vms.payFor(vm, customerId);
  }

  /** The ordinary case: everything is newer than what is there, so nothing has to be looked up. */
  function writeNewer(vm: VmState, customer: number, samples: SampleColumns, newest: Moment): void {
    if (vm.newest !== beforeAll && vm.newest.hour < newest.hour) compaction.ask(vm.id, vm.newest.hour, newest.hour);
    cutRuns(samples, 0, samples.length - 1, (from, to) => {
      insertRun(vm, customer, samples, from, to);
      const hour = hourOf(samples, from);
      if (hour < newest.hour && hour !== vm.newest.hour) compaction.ask(vm.id, hour, newest.hour);
    });
    vm.newest = newest;
  }

  /** Samples that come late or again: what is there at their time decides. */
  function writeAmong(vm: VmState, customerId: string, samples: SampleColumns, newest: Moment): Appended {
    let from = 0;
    while (from < samples.length && hourOf(samples, from) < closed.hour) from++;
    const open = from === 0 ? samples : rowsFrom(samples, from);
    if (open.length === 0) return { accepted: 0, duplicates: 0, closed: from };
    const covered = runs.covering(vm.id, momentOf(open, 0), newest);
    const { accepted, duplicates, replaced, pieces } = placeSamples(open, customerId, covered);
    if (isAfter(newest, vm.newest)) vm.newest = newest;
    if (accepted > 0) {
      vm.summary = undefined;
      for (const run of replaced) runs.remove(vm.id, run);
      const hours = new Set<number>();
      for (const piece of pieces) insertPiece(vm, piece, hours);
      for (const hour of hours) {
        totals.forget(vm.id, hour);
        compaction.ask(vm.id, hour, vm.newest.hour);
      }
    }
    return { accepted, duplicates, closed: from };
  }
  function insertPiece(vm: VmState, { customerId, samples, from, to, isShort }: Piece, hours: Set<number>): void {
    const customer = vms.customerNumber(customerId);
    (isShort ? cutShortRuns : cutRuns)(samples, from, to, (start, end) => {
      insertRun(vm, customer, samples, start, end);
      hours.add(hourOf(samples, start));
    });
  }

  return ({ vmId, customerId, samples }) => {
    if (samples.length === 0) return { accepted: 0, duplicates: 0, closed: 0 };
    const ordered = inTimeOrder(samples);
    const rows = ordered.samples;
    const oldest = momentOf(rows, 0);
    const newest = momentOf(rows, rows.length - 1);
    const vm = vms.findOrAdd(vmId, customerId);
    const customer = noteOwner(vm, customerId, newest);
    if (isAfter(oldest, vm.newest) && oldest.hour >= closed.hour) {
      writeNewer(vm, customer, rows, newest);
      return { accepted: rows.length, duplicates: ordered.duplicates, closed: 0 };
    }
    const appended = writeAmong(vm, customerId, rows, newest);
    return { ...appended, duplicates: appended.duplicates + ordered.duplicates };
  };
}
