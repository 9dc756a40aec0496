import { type Moment, unixNanos } from '../moment.ts';
import type { CounterValues } from '../run.ts';
import type { Stretch } from '../stretch.ts';
import type { ColumnValue } from './array-text.ts';
import type { Column } from './column-set.ts';
import type { Row } from './database.ts';

/** The counters, in the order of `CounterValues`. */
const counterNames = ['cpu', 'disk_read', 'disk_write', 'network_rx', 'network_tx'] as const;

/** Growth and sums, which may be above 2^63. */
export const sumColumns: readonly Column[] = [
  ...counterNames.map((name): Column => [`g_${name}`, 'numeric']),
  ['memory_sum', 'numeric'],
  ['memory_max', 'bigint'],
  ['memory_byte_millis', 'numeric'],
];

/** The last sample. */
export const lastColumns: readonly Column[] = [
  ...counterNames.map((name): Column => [`l_${name}`, 'bigint']),
  ['l_memory', 'bigint'],
];

/** The columns of a stretch within one hour: a run, or the runs of an hour joined. */
export const stretchColumns: readonly Column[] = [
  ['vm_id', 'text'],
  ['hour', 'bigint'],
  ['first_at', 'bigint'],
  ['last_at', 'bigint'],
  ['customer_id', 'text'],
  ['sample_count', 'bigint'],
  ['gaps', 'bigint'],
  ...counterNames.map((name): Column => [`f_${name}`, 'bigint']),
  ...lastColumns,
  ...sumColumns,
];

/** A stretch within an hour, and nanoseconds in it of its first and last sample. */
export interface HourStretch {
  readonly hour: number;
  readonly first: number;
  readonly last: number;
  readonly stretch: Stretch;
}

/** The values of `stretchColumns`. Growth that follows from the first and the last value is not stored. */
export function stretchValues(vmId: string, { hour, first, last, stretch }: HourStretch): ColumnValue[] {
  const { firstCounters, lastCounters, growth } = stretch;
  const grown = [
    growth.cpuNanos,
    growth.diskReadBytes,
    growth.diskWriteBytes,
    growth.networkRxBytes,
    growth.networkTxBytes,
  ];
  return [
    ...[vmId, hour, first, last, stretch.customerId, stretch.sampleCount, stretch.gaps],
    ...firstCounters,
    ...lastCounters,
    stretch.lastMemoryBytes,
    ...grown.map((value, index) =>
      value === (lastCounters[index] ?? 0n) - (firstCounters[index] ?? 0n) ? null : value,
    ),
    ...[stretch.memorySumBytes, stretch.memoryMaxBytes, stretch.memoryByteMillis],
  ];
}

/** Reads the values of `stretchColumns`. */
export function hourStretchOf(row: Row): HourStretch {
  const hour = numberIn(row, 'hour');
  const first = numberIn(row, 'first_at');
  const last = numberIn(row, 'last_at');
  const firstCounters = countersIn(row, 'f');
  const lastCounters = countersIn(row, 'l');
  const growthOf = (index: 0 | 1 | 2 | 3 | 4) =>
    row[`g_${counterNames[index]}`] === null
      ? lastCounters[index] - firstCounters[index]
      : wholeIn(row, `g_${counterNames[index]}`);
  const at = (nanos: number): Moment => ({ hour, nanos });
  return {
    hour,
    first,
    last,
    stretch: {
      customerId: textIn(row, 'customer_id'),
      firstNanos: unixNanos(at(first)),
      lastNanos: unixNanos(at(last)),
      sampleCount: numberIn(row, 'sample_count'),
      gaps: numberIn(row, 'gaps'),
      firstCounters,
      lastCounters,
      growth: {
        cpuNanos: growthOf(0),
        diskReadBytes: growthOf(1),
        diskWriteBytes: growthOf(2),
        networkRxBytes: growthOf(3),
        networkTxBytes: growthOf(4),
      },
      lastMemoryBytes: wholeIn(row, 'l_memory'),
      memorySumBytes: wholeIn(row, 'memory_sum'),
      memoryMaxBytes: wholeIn(row, 'memory_max'),
      memoryByteMillis: wholeIn(row, 'memory_byte_millis'),
    },
  };
}

/** Reads the counters of the first (`f`) or the last (`l`) sample, or growth that is always stored (`g`). */
export function countersIn(row: Row, prefix: 'f' | 'l' | 'g'): CounterValues<bigint> {
  return [
    wholeIn(row, `${prefix}_cpu`),
    wholeIn(row, `${prefix}_disk_read`),
    wholeIn(row, `${prefix}_disk_write`),
    wholeIn(row, `${prefix}_network_rx`),
    wholeIn(row, `${prefix}_network_tx`),
  ];
}

/** Reads a text that is there. */
export function textIn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new TypeError(`the ledger has nothing in ${column}, where a value belongs`);
}

/** Reads a whole number. */
export function wholeIn(row: Row, column: string): bigint {
  return BigInt(textIn(row, column));
}

/** Reads a whole number up to 2^53. */
export function numberIn(row: Row, column: string): number {
  return Number(textIn(row, column));
}
