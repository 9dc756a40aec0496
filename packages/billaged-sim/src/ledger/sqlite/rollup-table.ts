import type { DatabaseSync } from 'node:sqlite';
import { type HourTime, hourTimeOf } from '../time.ts';
import type { UsageSpan } from '../usage.ts';
import { spanColumns, spanIn, spanValues } from './span-columns.ts';

/** Hours of a rollup. */
export const oneHour = 1;
export const oneDay = 24;

/** Rollups: the joined segments of ended hours and days, so that a month is read without its segments. */
export interface RollupTable {
  /** The parts of a rollup, one for each change of customer, and of a sealed hour for each quarter; `undefined` when there is no rollup. */
  get(vm: number, span: number, hour: number): UsageSpan[] | undefined;
  /** Stores a rollup. */
  put(vm: number, span: number, hour: number, parts: readonly UsageSpan[]): void;
  /** Deletes the rollup of an hour, and not that of its day. */
  forgetHour(vm: number, hour: number): void;
  /** Deletes the rollups that contain an hour. */
  forget(vm: number, hour: number): void;
  /** The last rollup of an hour before another hour, and which hour. */
  lastBefore(vm: number, hour: number): { readonly hour: number; readonly span: UsageSpan } | undefined;
  /** The time of the newest sample in a rollup. */
  newest(vm: number): HourTime | undefined;
  /** The first hour with a rollup from an hour on. */
  nextHour(vm: number, hour: number): number | undefined;
}

/** The first hour of the day of an hour. */
export function dayOf(hour: number): number {
  return Math.floor(hour / oneDay) * oneDay;
}

const columns = ['vm', 'span', 'hour', 'part', 'customer', 'first_hour', 'first', 'last_hour', 'last', ...spanColumns];

/** Prepares the statements on `totals`. `customerOf` returns the number of a customer. */
export function createRollupTable(db: DatabaseSync, customerOf: (name: string) => number): RollupTable {
  const read = `SELECT ${columns.slice(5).join(', ')}, hour,
    (SELECT name FROM customers WHERE id = customer) AS customer_name FROM totals WHERE vm = ?`;
  const get = db.prepare(`${read} AND span = ? AND hour = ? ORDER BY part`);
  get.setReadBigInts(true);
  const lastBefore = db.prepare(`${read} AND span = ${oneHour} AND hour < ? ORDER BY hour DESC, part DESC LIMIT 1`);
  lastBefore.setReadBigInts(true);
  const newest = db.prepare(
    `SELECT last_hour, last FROM totals WHERE vm = ? AND span = ${oneHour} ORDER BY hour DESC, part DESC LIMIT 1`,
  );
  const nextHour = db.prepare(
    `SELECT hour FROM totals WHERE vm = ? AND span = ${oneHour} AND hour >= ? ORDER BY hour LIMIT 1`,
  );
  const put = db.prepare(
    `INSERT OR REPLACE INTO totals (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const forget = db.prepare('DELETE FROM totals WHERE vm = ? AND span = ? AND hour = ?');

  return {
    get(vm, span, hour) {
      const rows = get.all(vm, span, hour);
      return rows.length === 0 ? undefined : rows.map(spanIn);
    },
    put(vm, span, hour, parts) {
      parts.forEach((part, index) => {
        const [first, last] = [hourTimeOf(part.firstNanos), hourTimeOf(part.lastNanos)];
        const times = [first.hour, first.nanos, last.hour, last.nanos];
        put.run(vm, span, hour, index, customerOf(part.customerId), ...times, ...spanValues(part));
      });
    },
    forgetHour: (vm, hour) => void forget.run(vm, oneHour, hour),
    forget(vm, hour) {
      forget.run(vm, oneHour, hour);
      forget.run(vm, oneDay, dayOf(hour));
    },
    lastBefore(vm, hour) {
      const row = lastBefore.get(vm, hour);
      return row && { hour: Number(row['hour']), span: spanIn(row) };
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
