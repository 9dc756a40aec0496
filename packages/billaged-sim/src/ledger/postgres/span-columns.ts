import { counterColumns, counterNames, mapCounters, type UsageCounters } from '../counters.ts';
import { unixNanos } from '../time.ts';
import type { UsageSpan } from '../usage.ts';
import type { Column, ColumnValue } from './column-arrays.ts';
import type { Row } from './database.ts';

/** Growth and sums, which may be above 2^63. */
export const sumColumns: readonly Column[] = [
  ...counterNames.map((name): Column => [`g_${counterColumns[name]}`, 'numeric']),
  ['memory_sum', 'numeric'],
  ['memory_max', 'bigint'],
  ['memory_byte_millis', 'numeric'],
];

/** The last sample. */
export const lastColumns: readonly Column[] = [
  ...counterNames.map((name): Column => [`l_${counterColumns[name]}`, 'bigint']),
  ['l_memory', 'bigint'],
];

/** The columns of a span within one hour: a segment, or the segments of an hour joined. */
export const spanColumns: readonly Column[] = [
  ['vm_id', 'text'],
  ['hour', 'bigint'],
  ['first_at', 'bigint'],
  ['last_at', 'bigint'],
  ['customer_id', 'text'],
  ['sample_count', 'bigint'],
  ['gaps', 'bigint'],
  ...counterNames.map((name): Column => [`f_${counterColumns[name]}`, 'bigint']),
  ...lastColumns,
  ...sumColumns,
];

/** A span within an hour, and the nanoseconds in the hour of its first and last sample. */
export interface HourSpan {
  readonly hour: number;
  readonly first: number;
  readonly last: number;
  readonly span: UsageSpan;
}

/** The values of `spanColumns`. Growth that follows from the first and the last value is not stored. */
export function spanValues(vmId: string, { hour, first, last, span }: HourSpan): ColumnValue[] {
  const { firstCounters, lastCounters, growth } = span;
  return [
    ...[vmId, hour, first, last, span.customerId, span.sampleCount, span.gaps],
    ...counterNames.map((name) => firstCounters[name]),
    ...counterNames.map((name) => lastCounters[name]),
    span.lastMemoryBytes,
    ...counterNames.map((name) => (growth[name] === lastCounters[name] - firstCounters[name] ? null : growth[name])),
    ...[span.memorySumBytes, span.memoryMaxBytes, span.memoryByteMillis],
  ];
}

/** Reads the values of `spanColumns`. */
export function hourSpanOf(row: Row): HourSpan {
  const hour = numberIn(row, 'hour');
  const first = numberIn(row, 'first_at');
  const last = numberIn(row, 'last_at');
  const firstCounters = countersIn(row, 'f');
  const lastCounters = countersIn(row, 'l');
  return {
    hour,
    first,
    last,
    span: {
      customerId: textIn(row, 'customer_id'),
      firstNanos: unixNanos({ hour, nanos: first }),
      lastNanos: unixNanos({ hour, nanos: last }),
      sampleCount: numberIn(row, 'sample_count'),
      gaps: numberIn(row, 'gaps'),
      firstCounters,
      lastCounters,
      growth: mapCounters((name) => {
        const column = `g_${counterColumns[name]}`;
        return row[column] === null ? lastCounters[name] - firstCounters[name] : integerIn(row, column);
      }),
      lastMemoryBytes: integerIn(row, 'l_memory'),
      memorySumBytes: integerIn(row, 'memory_sum'),
      memoryMaxBytes: integerIn(row, 'memory_max'),
      memoryByteMillis: integerIn(row, 'memory_byte_millis'),
    },
  };
}

/** Reads the counters of the first (`f`) or the last (`l`) sample, or growth that is always stored (`g`). */
export function countersIn(row: Row, prefix: 'f' | 'l' | 'g'): UsageCounters {
  return mapCounters((name) => integerIn(row, `${prefix}_${counterColumns[name]}`));
}

/** Reads a text that must not be NULL. */
export function textIn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new TypeError(`the ledger has NULL in the column ${column}, which must have a value`);
}

/** Reads an integer. */
export function integerIn(row: Row, column: string): bigint {
  return BigInt(textIn(row, column));
}

/** Reads an integer up to 2^53. */
export function numberIn(row: Row, column: string): number {
  return Number(textIn(row, column));
}
