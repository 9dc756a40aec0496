import {
  type BatchWrites,
  lateBatch,
  type OrderedBatch,
  orderBatch,
  ownerAfter,
  writeLate,
  writeNewer,
} from '../batch-writes.ts';
import type { Appended } from '../ledger.ts';
import type { ColumnBatch } from '../sample-columns.ts';
import { beforeAll, timeAt } from '../time.ts';
import type { Compaction } from './compaction.ts';
import type { Tables } from './tables.ts';
import type { VmState } from './vm-table.ts';

/** Writes a batch; to be called in a transaction. */
export type WriteBatch = (batch: ColumnBatch) => Appended;

/** Makes the function that stores batches. */
export function createSampleWriter({ vms, segments, rollups, sealed }: Tables, compaction: Compaction): WriteBatch {
  /** Updates the owner of the VM and the billed customer. */
  function storeOwner(vm: VmState, batch: OrderedBatch): void {
    if (vm.billedCustomer === undefined && vm.newest !== beforeAll) compaction.askTail(vm.id, vm.newest.hour);
    const owner = ownerAfter(vm, batch);
    if (owner.isTracked !== vm.isTracked || owner.customerId !== vm.customerId) vms.update(vm, owner);
    vms.billTo(vm, batch.customerId);
  }

  /** Stores segments. @returns their hours */
  function storeSegments(vm: VmState, { inserted, removed }: BatchWrites): Set<number> {
    const hours = new Set<number>();
    for (const segment of removed) segments.remove(vm.id, segment);
    for (const { customerId, segment, samples } of inserted) {
      segments.insert(vm.id, vms.customerNumber(customerId), segment, samples);
      hours.add(segment.hour);
    }
    return hours;
  }

  function storeNewer(vm: VmState, writes: BatchWrites): void {
    const hours = storeSegments(vm, writes);
    const { newest } = vm;
    vm.newest = writes.newest;
    if (newest !== beforeAll) compaction.ask(vm.id, newest.hour, vm.newest.hour);
    for (const hour of hours) if (hour !== newest.hour) compaction.ask(vm.id, hour, vm.newest.hour);
  }

  function storeLate(vm: VmState, writes: BatchWrites): void {
    const hours = storeSegments(vm, writes);
    vm.newest = writes.newest;
    vm.summary = undefined;
    for (const hour of hours) {
      rollups.forget(vm.id, hour);
      compaction.ask(vm.id, hour, vm.newest.hour);
    }
  }

  return (sent) => {
    if (sent.samples.length === 0) return { accepted: 0, duplicates: 0, sealed: 0 };
    const batch = orderBatch(sent);
    const vm = vms.findOrAdd(batch.vmId, batch.customerId);
    storeOwner(vm, batch);
    const late = lateBatch(batch, vm, sealed.hour);
    if (late === undefined) {
      const writes = writeNewer(batch);
      storeNewer(vm, writes);
      return writes.appended;
    }
    const { open } = late;
    const covered = open.length === 0 ? [] : segments.covering(vm.id, timeAt(open, 0), batch.newest);
    const writes = writeLate(late, vm, covered);
    if (writes.appended.accepted > 0) storeLate(vm, writes);
    return writes.appended;
  };
}
