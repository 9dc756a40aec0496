import type { DatabaseSync } from 'node:sqlite';
import { type ClosedTable, createClosedTable } from './closed-table.ts';
import { createNoticeTable, type NoticeTable } from './notice-table.ts';
import { createRunTable, type RunTable } from './run-table.ts';
import { createTotalTable, type TotalTable } from './total-table.ts';
import { createVmTable, type VmTable } from './vm-table.ts';

/** The tables of the ledger. */
export interface Tables {
  readonly vms: VmTable;
  readonly runs: RunTable;
  readonly totals: TotalTable;
  readonly notices: NoticeTable;
  readonly closed: ClosedTable;
}

/** Prepares the statements on all tables. */
export function createTables(db: DatabaseSync): Tables {
  const runs = createRunTable(db);
  const totals = createTotalTable(db, (name) => vms.customerNumber(name));
  const vms = createVmTable(db, (vm) => runs.newest(vm) ?? totals.newest(vm));
  return { vms, runs, totals, notices: createNoticeTable(db), closed: createClosedTable(db) };
}
