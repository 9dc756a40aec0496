import type { DatabaseSync } from 'node:sqlite';
import type { CoveredRun } from '../late-samples.ts';
import type { Moment } from '../moment.ts';
import type { Run } from '../run.ts';
import type { Stretch } from '../stretch.ts';
import { factColumns, factValues, type Row, stretchOf } from './fact-columns.ts';
import { fromColumn } from './wide-number.ts';

/** The runs of all VMs. A VM is named by its number, an hour counts since 1970, nanoseconds are those in the hour. */
export interface RunTable {
  insert(vm: number, customer: number, run: Run, samples: Uint8Array | null): void;
  remove(vm: number, run: CoveredRun): void;
  removeHour(vm: number, hour: number): void;
  /** The runs that have a part between two moments, in time order. */
  covering(vm: number, from: Moment, to: Moment): CoveredRun[];
  /** The runs of an hour, in time order. */
  inHour(vm: number, hour: number): Stretch[];
  /** The runs that begin after a moment, in time order. */
  after(vm: number, moment: Moment): Stretch[];
  /** The last run that begins before an hour, and its hour. */
  lastBefore(vm: number, hour: number): { readonly hour: number; readonly stretch: Stretch } | undefined;
  /** The time of the newest sample. */
  newest(vm: number): Moment | undefined;
  /** The first hour with a run from an hour on. */
  nextHour(vm: number, hour: number): number | undefined;
}

const columns = ['vm', 'hour', 'first', 'last', 'customer', ...factColumns, 'samples'];

/** Prepares the statements on `runs`. */
export function createRunTable(db: DatabaseSync): RunTable {
  const reading = (sql: string) => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  };
  const insert = db.prepare(`INSERT INTO runs (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`);
  const remove = db.prepare('DELETE FROM runs WHERE vm = ? AND hour = ? AND first = ?');
  const removeHour = db.prepare('DELETE FROM runs WHERE vm = ? AND hour = ?');
  const covered = `SELECT hour, first, last, count, samples, (SELECT name FROM customers WHERE id = customer) AS customer_name
    FROM runs WHERE vm = ?`;
  const coveredBefore = reading(`${covered} AND (hour, first) < (?, ?) ORDER BY hour DESC, first DESC LIMIT 1`);
  const coveredBetween = reading(`${covered} AND (hour, first) BETWEEN (?, ?) AND (?, ?) ORDER BY hour, first`);
  const stretches = `SELECT ${factColumns.join(', ')}, hour AS first_hour, hour AS last_hour, first, last,
    (SELECT name FROM customers WHERE id = customer) AS customer_name FROM runs WHERE vm = ?`;
  const inHour = reading(`${stretches} AND hour = ? ORDER BY first`);
  const after = reading(`${stretches} AND (hour, first) > (?, ?) ORDER BY hour, first`);
  const lastBefore = reading(`${stretches} AND hour < ? ORDER BY hour DESC, first DESC LIMIT 1`);
  const nextHour = db.prepare('SELECT hour FROM runs WHERE vm = ? AND hour >= ? ORDER BY hour LIMIT 1');

  const newest = db.prepare('SELECT hour, last FROM runs WHERE vm = ? ORDER BY hour DESC, first DESC LIMIT 1');

  return {
    insert: (vm, customer, run, samples) =>
      void insert.run(vm, run.hour, run.first, run.last, customer, ...factValues(run), samples),
    remove: (vm, { hour, first }) => void remove.run(vm, hour, first),
    removeHour: (vm, hour) => void removeHour.run(vm, hour),
    covering(vm, from, to) {
      const before = coveredBefore.all(vm, from.hour, from.nanos).map(coveredRunOf);
      const reaching = before.filter(({ hour, last }) => hour === from.hour && last >= from.nanos);
      return [...reaching, ...coveredBetween.all(vm, from.hour, from.nanos, to.hour, to.nanos).map(coveredRunOf)];
    },
    inHour: (vm, hour) => inHour.all(vm, hour).map(stretchOf),
    after: (vm, { hour, nanos }) => after.all(vm, hour, nanos).map(stretchOf),
    lastBefore(vm, hour) {
      const row = lastBefore.get(vm, hour);
      return row && { hour: numberOf(row, 'last_hour'), stretch: stretchOf(row) };
    },
    newest(vm) {
      const row = newest.get(vm);
      return row && { hour: Number(row['hour']), nanos: Number(row['last']) };
    },
    nextHour(vm, hour) {
      const row = nextHour.get(vm, hour);
      return row && Number(row['hour']);
    },
  };
}

function coveredRunOf(row: Row): CoveredRun {
  const { samples } = row;
  return {
    hour: numberOf(row, 'hour'),
    first: numberOf(row, 'first'),
    last: numberOf(row, 'last'),
    count: numberOf(row, 'count'),
    customerId: String(row['customer_name']),
    samples: samples instanceof Uint8Array ? samples : undefined,
  };
}

function numberOf(row: Row, column: string): number {
  return Number(fromColumn(row[column]));
}
