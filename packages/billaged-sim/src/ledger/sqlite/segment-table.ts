import type { DatabaseSync } from 'node:sqlite';
import type { CoveredSegment } from '../coverage.ts';
import type { Segment } from '../segment.ts';
import type { HourTime } from '../time.ts';
import type { UsageSpan } from '../usage.ts';
import { fromColumn, type Row, spanColumns, spanIn, spanValues } from './span-columns.ts';

/** The segments of all VMs. VMs are identified by their number; hours count since 1970, nanoseconds within the hour. */
export interface SegmentTable {
  insert(vm: number, customer: number, segment: Segment, samples: Uint8Array | null): void;
  remove(vm: number, segment: CoveredSegment): void;
  removeHour(vm: number, hour: number): void;
  /** The segments that overlap a period, in time order. */
  covering(vm: number, from: HourTime, to: HourTime): CoveredSegment[];
  /** The segments of an hour, in time order. */
  inHour(vm: number, hour: number): UsageSpan[];
  /** The segments that begin after a time, in time order. */
  after(vm: number, time: HourTime): UsageSpan[];
  /** The last segment that begins before an hour, and its hour. */
  lastBefore(vm: number, hour: number): { readonly hour: number; readonly span: UsageSpan } | undefined;
  /** The time of the newest sample. */
  newest(vm: number): HourTime | undefined;
  /** The first hour with a segment from an hour on. */
  nextHour(vm: number, hour: number): number | undefined;
}

const columns = ['vm', 'hour', 'first', 'last', 'customer', ...spanColumns, 'samples'];

/** Prepares the statements on `runs`. */
export function createSegmentTable(db: DatabaseSync): SegmentTable {
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
  const spans = `SELECT ${spanColumns.join(', ')}, hour AS first_hour, hour AS last_hour, first, last,
    (SELECT name FROM customers WHERE id = customer) AS customer_name FROM runs WHERE vm = ?`;
  const inHour = reading(`${spans} AND hour = ? ORDER BY first`);
  const after = reading(`${spans} AND (hour, first) > (?, ?) ORDER BY hour, first`);
  const lastBefore = reading(`${spans} AND hour < ? ORDER BY hour DESC, first DESC LIMIT 1`);
  const nextHour = db.prepare('SELECT hour FROM runs WHERE vm = ? AND hour >= ? ORDER BY hour LIMIT 1');

  const newest = db.prepare('SELECT hour, last FROM runs WHERE vm = ? ORDER BY hour DESC, first DESC LIMIT 1');

  return {
    insert: (vm, customer, segment, samples) =>
      void insert.run(vm, segment.hour, segment.first, segment.last, customer, ...spanValues(segment), samples),
    remove: (vm, { hour, first }) => void remove.run(vm, hour, first),
    removeHour: (vm, hour) => void removeHour.run(vm, hour),
    covering(vm, from, to) {
      const before = coveredBefore.all(vm, from.hour, from.nanos).map(coveredSegmentOf);
      const reaching = before.filter(({ hour, last }) => hour === from.hour && last >= from.nanos);
      return [...reaching, ...coveredBetween.all(vm, from.hour, from.nanos, to.hour, to.nanos).map(coveredSegmentOf)];
    },
    inHour: (vm, hour) => inHour.all(vm, hour).map(spanIn),
    after: (vm, { hour, nanos }) => after.all(vm, hour, nanos).map(spanIn),
    lastBefore(vm, hour) {
      const row = lastBefore.get(vm, hour);
      return row && { hour: numberOf(row, 'last_hour'), span: spanIn(row) };
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

function coveredSegmentOf(row: Row): CoveredSegment {
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
