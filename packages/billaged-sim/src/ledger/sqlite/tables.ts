import type { DatabaseSync } from 'node:sqlite';
import { createRollupTable, type RollupTable } from './rollup-table.ts';
import { createSegmentTable, type SegmentTable } from './segment-table.ts';
import { createVmTable, type VmTable } from './vm-table.ts';

/** The tables of the ledger. */
export interface Tables {
  readonly vms: VmTable;
  readonly segments: SegmentTable;
  readonly rollups: RollupTable;
  readonly notices: NoticeTable;
  readonly sealed: SealedTable;
}

/** Prepares the statements on all tables. */
export function createTables(db: DatabaseSync): Tables {
  const segments = createSegmentTable(db);
  const rollups = createRollupTable(db, (name) => vms.customerNumber(name));
  const vms = createVmTable(db, (vm) => segments.newest(vm) ?? rollups.newest(vm));
  return { vms, segments, rollups, notices: createNoticeTable(db), sealed: createSealedTable(db) };
}

/** The sealed hours. */
interface SealedTable {
  readonly hour: number;
  /** Moves the hour forward; it never goes back. */
  moveTo(hour: number): void;
  /** Tests whether the ledger can be written. */
  tryToWrite(): void;
  /** Empties the cache after a write was rolled back. */
  reset(): void;
}

/** Prepares the statements on `closed`. */
function createSealedTable(db: DatabaseSync): SealedTable {
  const read = db.prepare('SELECT hour FROM closed');
  const move = db.prepare('UPDATE closed SET hour = ?');
  const tick = db.prepare('UPDATE closed SET checks = checks + 1');
  const readHour = () => Number(read.get()?.['hour']);
  let current: number | undefined;
  return {
    get hour() {
      current ??= readHour();
      return current;
    },
    moveTo(hour) {
      if (hour <= (current ?? readHour())) return;
      move.run(hour);
      current = hour;
    },
    tryToWrite: () => void tick.run(),
    reset: () => {
      current = undefined;
    },
  };
}

/** The notices of senders. Times are Unix nanoseconds. */
interface NoticeTable {
  insert(vmId: string, kind: 'start' | 'stop' | 'gap', at: bigint, resumed?: bigint): void;
  removeBefore(at: bigint): void;
}

/** Prepares the statements on `notices`. */
function createNoticeTable(db: DatabaseSync): NoticeTable {
  const insert = db.prepare('INSERT INTO notices (vm_name, kind, at, resumed) VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM notices WHERE at < ?');
  return {
    insert: (vmId, kind, at, resumed) => void insert.run(vmId, kind, at, resumed ?? null),
    removeBefore: (at) => void remove.run(at),
  };
}
