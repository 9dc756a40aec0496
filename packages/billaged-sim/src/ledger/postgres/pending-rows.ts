import type { CoveredRun } from '../late-samples.ts';
import type { Transaction } from './database.ts';
import { remakeTotals } from './hour-totals.ts';
import { insertNotices, type Notice } from './notice-table.ts';
import type { StoredRun } from './prepared-batch.ts';
import { insertRuns, type OfVm, removeRuns } from './run-table.ts';
import type { VmState } from './vm-state.ts';
import { addPayers, updateVms } from './vm-table.ts';

/** What a transaction is going to write; it is sent together. */
export interface PendingRows {
  insert(vmId: string, runs: readonly StoredRun[]): void;
  remove(vmId: string, runs: readonly CoveredRun[]): void;
  /** Writes a VM when all is done. */
  change(vm: VmState): void;
  /** Notes that the total of an hour is not true any more. */
  touch(vmId: string, hour: number): void;
  pay(vmId: string, customerId: string): void;
  notice(notice: Notice): void;
  /** Sends the runs, so that they can be read. */
  sendRuns(): void;
  /** Sends everything. */
  finish(): Promise<void>;
}

/** Makes the pending rows of a transaction. */
export function createPendingRows(transaction: Transaction): PendingRows {
  let inserted: OfVm<StoredRun>[] = [];
  let removed: OfVm<CoveredRun>[] = [];
  const changed = new Set<VmState>();
  const touched = new Map<string, Set<number>>();
  const payers: (readonly [string, string])[] = [];
  const notices: Notice[] = [];

  function sendRuns(): void {
    // A run that replaces another one may have its key.
    removeRuns(transaction, removed);
    insertRuns(transaction, inserted);
    inserted = [];
    removed = [];
  }

  return {
    insert: (vmId, runs) => void inserted.push(...runs.map((item) => ({ vmId, item }))),
    remove: (vmId, runs) => void removed.push(...runs.map((item) => ({ vmId, item }))),
    change: (vm) => void changed.add(vm),
    touch(vmId, hour) {
      const hours = touched.get(vmId) ?? new Set();
      touched.set(vmId, hours.add(hour));
    },
    pay: (vmId, customerId) => void payers.push([vmId, customerId]),
    notice: (notice) => void notices.push(notice),
    sendRuns,
    async finish() {
      sendRuns();
      updateVms(transaction, [...changed]);
      addPayers(transaction, payers);
      insertNotices(transaction, notices);
      const hours = [...touched].flatMap(([vmId, set]) => [...set].map((hour) => ({ vmId, from: hour, to: hour + 1 })));
      if (hours.length > 0) await remakeTotals(transaction, hours);
    },
  };
}
