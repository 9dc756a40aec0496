import type { DatabaseSync } from 'node:sqlite';
import type { Moment } from '../moment.ts';
import { hourSeconds } from '../run.ts';
import type { Stretch } from '../stretch.ts';
import { factColumns, factsOf, factValues, stretchOf } from './fact-columns.ts';

/** Hours that a total spans. */
export const hourSpan = 1;
export const daySpan = 24;

/** Totals of periods that have ended: what the runs in them come to, so that reading a month does not read its runs. */
export interface TotalTable {
  /** The parts of a total, one for each change of customer; `undefined` when there is no total. */
  get(vm: number, span: number, hour: number): Stretch[] | undefined;
  /** Keeps a total. `customerOf` gives the number of a customer. */
  put(vm: number, span: number, hour: number, parts: readonly Stretch[]): void;
  /** Forgets the totals that an hour is part of. */
  forget(vm: number, hour: number): void;
  /** The last total of an hour before another hour, and which hour. */
  lastBefore(vm: number, hour: number): { readonly hour: number; readonly stretch: Stretch } | undefined;
  /** The time of the newest sample in a total. */
  newest(vm: number): Moment | undefined;
  /** The first hour with a total from an hour on. */
  nextHour(vm: number, hour: number): number | undefined;
}

/** The hour in which the day of an hour began. */
export function dayOf(hour: number): number {
  return Math.floor(hour / daySpan) * daySpan;
}

const columns = ['vm', 'span', 'hour', 'part', 'customer', 'first_hour', 'first', 'last_hour', 'last', ...factColumns];

/** Prepares the statements on `totals`. `customerOf` gives the number of a customer. */
export function createTotalTable(db: DatabaseSync, customerOf: (name: string) => number): TotalTable {
  const read = `SELECT ${columns.slice(5).join(', ')}, hour,
    (SELECT name FROM customers WHERE id = customer) AS customer_name FROM totals WHERE vm = ?`;
  const get = db.prepare(`${read} AND span = ? AND hour = ? ORDER BY part`);
  get.setReadBigInts(true);
  const lastBefore = db.prepare(`${read} AND span = ${hourSpan} AND hour < ? ORDER BY hour DESC, part DESC LIMIT 1`);
  lastBefore.setReadBigInts(true);
  const newest = db.prepare(
    `SELECT last_hour, last FROM totals WHERE vm = ? AND span = ${hourSpan} ORDER BY hour DESC, part DESC LIMIT 1`,
  );
  const nextHour = db.prepare(
    `SELECT hour FROM totals WHERE vm = ? AND span = ${hourSpan} AND hour >= ? ORDER BY hour LIMIT 1`,
  );
  const put = db.prepare(
    `INSERT OR REPLACE INTO totals (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const forget = db.prepare('DELETE FROM totals WHERE vm = ? AND span = ? AND hour = ?');

  return {
    get(vm, span, hour) {
      const rows = get.all(vm, span, hour);
      return rows.length === 0 ? undefined : rows.map(stretchOf);
    },
    put(vm, span, hour, parts) {
      parts.forEach((part, index) => {
        const times = [...momentOf(part.firstNanos), ...momentOf(part.lastNanos)];
        put.run(vm, span, hour, index, customerOf(part.customerId), ...times, ...factValues(factsOf(part)));
      });
    },
    forget(vm, hour) {
      forget.run(vm, hourSpan, hour);
      forget.run(vm, daySpan, dayOf(hour));
    },
    lastBefore(vm, hour) {
      const row = lastBefore.get(vm, hour);
      return row && { hour: Number(row['hour']), stretch: stretchOf(row) };
    },
    newest(vm) {
      const row = newest.get(vm);
      return row && { hour: Number(row['last_hour']), nanos: Number(row['last']) };
    },
    nextHour(vm, hour) {
      const row = nextHour.get(vm, hour);
      return row && Number(row['hour']);
    },
  };
}

/** The hour of a moment, and the nanoseconds in it. */
function momentOf(unixNanos: bigint): [hour: bigint, nanos: bigint] {
  const perHour = BigInt(hourSeconds) * 1_000_000_000n;
  const nanos = ((unixNanos % perHour) + perHour) % perHour;
  return [(unixNanos - nanos) / perHour, nanos];
}
