import type { CoveredRun } from '../late-samples.ts';
import type { Moment } from '../moment.ts';
import { bytesOf } from './array-text.ts';
import { byColumn, insertRows } from './column-set.ts';
import type { Row, Transaction } from './database.ts';
import { type HourStretch, hourStretchOf, stretchColumns, stretchValues } from './fact-columns.ts';
import type { StoredRun } from './prepared-batch.ts';

/** The columns of a stretch as a list, each of a table. */
export function stretchColumnList(table: string): string {
  return stretchColumns.map(([name]) => `${table}.${name}`).join(', ');
}

/** A run that is there, as it was read. */
export interface KnownRun extends HourStretch {
  readonly covered: CoveredRun;
}

/** Something of a VM. */
export interface OfVm<T> {
  readonly vmId: string;
  readonly item: T;
}

const insertedRunColumns = [...stretchColumns, ['samples', 'bytea'] as const];
const insert = insertRows('insert_runs', 'runs', insertedRunColumns);
const remove = { text: 'DELETE FROM runs WHERE vm_id = $1 AND hour = $2 AND first_at = $3' };
const columns = stretchColumnList('runs');

const around = {
  text: `SELECT * FROM (
    (SELECT ${columns}, runs.samples FROM runs WHERE vm_id = $1 AND (hour, first_at) < ($2, $3)
      ORDER BY hour DESC, first_at DESC LIMIT 2)
    UNION ALL
    (SELECT ${columns}, runs.samples FROM runs WHERE vm_id = $1 AND (hour, first_at) >= ($2, $3) AND (hour, first_at) <= ($4, $5))
    UNION ALL
    (SELECT ${columns}, runs.samples FROM runs WHERE vm_id = $1 AND (hour, first_at) > ($4, $5)
      ORDER BY hour, first_at LIMIT 1)
  ) AS window_runs ORDER BY hour, first_at`,
};

/** Inserts runs. */
export function insertRuns({ send }: Transaction, runs: readonly OfVm<StoredRun>[]): void {
  if (runs.length === 0) return;
  const rows = runs.map(({ vmId, item }) => [...stretchValues(vmId, item), item.samples]);
  send(insert, byColumn(insertedRunColumns, rows));
}

/** Removes runs, which others replace. */
export function removeRuns({ send }: Transaction, runs: readonly OfVm<CoveredRun>[]): void {
  for (const { vmId, item } of runs) send(remove, [vmId, item.hour, item.first]);
}

/** Reads the runs that begin between two moments, the two before them and the one after, in time order. */
export async function readAround({ read }: Transaction, vmId: string, from: Moment, to: Moment): Promise<KnownRun[]> {
  const rows = await read(around, [vmId, from.hour, from.nanos, to.hour, to.nanos]);
  return rows.map(knownRunOf);
}

function knownRunOf(row: Row): KnownRun {
  const run = hourStretchOf(row);
  const { hour, first, last, stretch } = run;
  const samples = row['samples'];
  return {
    ...run,
    covered: {
      ...{ hour, first, last },
      count: stretch.sampleCount,
      customerId: stretch.customerId,
      samples: typeof samples === 'string' ? bytesOf(samples) : undefined,
    },
  };
}
