import type { CoveredSegment } from '../coverage.ts';
import { byColumn, type Column, type ColumnValue, insertRows } from './column-arrays.ts';
import type { Transaction } from './database.ts';
import { remakeRollups } from './hour-rollups.ts';
import { type HourSegment, insertSegments, type OfVm, removeSegments } from './segment-table.ts';
import { addBilledCustomers, updateVms, type VmState } from './vm-table.ts';

/** A notice of a sender. Times are Unix nanoseconds. */
export interface Notice {
  readonly vmId: string;
  readonly kind: 'start' | 'stop' | 'gap';
  readonly at: bigint;
  /** End of a gap. */
  readonly resumed?: bigint;
}

const noticeColumns: readonly Column[] = [
  ['vm_id', 'text'],
  ['noticed_at', 'bigint'],
  ['kind', 'text'],
  ['resumed_at', 'bigint'],
];

/** A repeated notice is stored once. */
const insertNotice = insertRows('insert_notices', 'notices', noticeColumns, 'ON CONFLICT DO NOTHING');

/** Stores notices. */
export function insertNotices({ send }: Transaction, notices: readonly Notice[]): void {
  if (notices.length === 0) return;
  const rows = notices.map(({ vmId, kind, at, resumed = 0n }): ColumnValue[] => [vmId, at, kind, resumed]);
  send(insertNotice, byColumn(noticeColumns, rows));
}

/** Removes the notices before a time. */
export function removeNotices({ send }: Transaction, before: bigint): void {
  send({ text: 'DELETE FROM notices WHERE noticed_at < $1' }, [before]);
}

/** The rows that a transaction is going to write, sent together. */
export interface PendingRows {
  insert(vmId: string, segments: readonly HourSegment[]): void;
  remove(vmId: string, segments: readonly CoveredSegment[]): void;
  /** Marks a VM as changed; it is written at the end. */
  change(vm: VmState): void;
  /** Marks the rollup of an hour as outdated. */
  touch(vmId: string, hour: number): void;
  billTo(vmId: string, customerId: string): void;
  notice(notice: Notice): void;
  /** Sends the segments, so that they can be read. */
  sendSegments(): void;
  /** Sends everything. */
  finish(): Promise<void>;
}

/** Makes the pending rows of a transaction. */
export function createPendingRows(transaction: Transaction): PendingRows {
  let inserted: OfVm<HourSegment>[] = [];
  let removed: OfVm<CoveredSegment>[] = [];
  const changed = new Set<VmState>();
  const touched = new Map<string, Set<number>>();
  const billedCustomers: (readonly [string, string])[] = [];
  const notices: Notice[] = [];

  function sendSegments(): void {
    // A segment that replaces another one may have its key.
    removeSegments(transaction, removed);
    insertSegments(transaction, inserted);
    inserted = [];
    removed = [];
  }

  return {
    insert: (vmId, segments) => void inserted.push(...segments.map((item) => ({ vmId, item }))),
    remove: (vmId, segments) => void removed.push(...segments.map((item) => ({ vmId, item }))),
    change: (vm) => void changed.add(vm),
    touch(vmId, hour) {
      const hours = touched.get(vmId) ?? new Set();
      touched.set(vmId, hours.add(hour));
    },
    billTo: (vmId, customerId) => void billedCustomers.push([vmId, customerId]),
    notice: (notice) => void notices.push(notice),
    sendSegments,
    async finish() {
      sendSegments();
      updateVms(transaction, [...changed]);
      addBilledCustomers(transaction, billedCustomers);
      insertNotices(transaction, notices);
      const hours = [...touched].flatMap(([vmId, set]) => [...set].map((hour) => ({ vmId, from: hour, to: hour + 1 })));
      if (hours.length > 0) await remakeRollups(transaction, hours);
    },
  };
}
