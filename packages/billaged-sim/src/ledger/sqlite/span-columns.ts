import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { type CounterName, counterColumns, counterNames, type Integer, mapCounters } from '../counters.ts';
import { unixNanos } from '../time.ts';
import type { EdgedUsage, UsageSpan } from '../usage.ts';

/** A row of a statement that reads integers as `bigint`. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

const firstColumns = mapCounters((name) => `f_${counterColumns[name]}`);
const lastColumns = mapCounters((name) => `l_${counterColumns[name]}`);
const growthColumns = mapCounters((name) => `g_${counterColumns[name]}`);

/** The columns that segments and rollups have in common, in the order of `spanValues`. */
export const spanColumns = [
  ...['count', 'gaps'],
  ...[firstColumns, lastColumns, growthColumns].flatMap((columns) => counterNames.map((name) => columns[name])),
  ...['l_memory', 'memory_sum', 'memory_max', 'memory_byte_millis'],
];

/** The values of `spanColumns`. */
export function spanValues(usage: EdgedUsage<Integer>): SQLInputValue[] {
  const { firstCounters, lastCounters } = usage;
  const values: SQLInputValue[] = [usage.sampleCount, usage.gaps];
  for (const name of counterNames) values.push(firstCounters[name]);
  for (const name of counterNames) values.push(lastCounters[name]);
  for (const name of counterNames) values.push(storedGrowth(usage, name));
  values.push(usage.lastMemoryBytes, toColumn(usage.memorySumBytes));
  values.push(usage.memoryMaxBytes, toColumn(usage.memoryByteMillis));
  return values;
}

/** Growth as it is stored: NULL where it is the difference of the last and the first value. */
function storedGrowth({ firstCounters, lastCounters, growth }: EdgedUsage<Integer>, name: CounterName): SQLInputValue {
  const grown = growth[name];
  const first = firstCounters[name];
  const last = lastCounters[name];
  const isDifference =
    typeof grown === 'number' && typeof first === 'number' && typeof last === 'number'
      ? grown === last - first
      : BigInt(grown) === BigInt(last) - BigInt(first);
  return isDifference ? null : toColumn(grown);
}

/** Reads a span from a row with `customer_name`, `first_hour`, `first`, `last_hour`, `last` and `spanColumns`. */
export function spanIn(row: Row): UsageSpan {
  const value = (column: string) => fromColumn(row[column]);
  const firstCounters = mapCounters((name) => value(firstColumns[name]));
  const lastCounters = mapCounters((name) => value(lastColumns[name]));
  return {
    customerId: String(row['customer_name']),
    firstNanos: unixNanos({ hour: value('first_hour'), nanos: value('first') }),
    lastNanos: unixNanos({ hour: value('last_hour'), nanos: value('last') }),
    sampleCount: Number(value('count')),
    gaps: Number(value('gaps')),
    firstCounters,
    lastCounters,
    growth: mapCounters((name) => {
      const stored = row[growthColumns[name]];
      return stored === null ? lastCounters[name] - firstCounters[name] : fromColumn(stored);
    }),
    lastMemoryBytes: value('l_memory'),
    memorySumBytes: value('memory_sum'),
    memoryMaxBytes: value('memory_max'),
    memoryByteMillis: value('memory_byte_millis'),
  };
}

const most = 2n ** 63n - 1n;

/** An integer as a column stores it: 64 bits, or its digits as bytes if it needs more. */
function toColumn(value: Integer): SQLInputValue {
  return typeof value === 'number' || value <= most ? value : new TextEncoder().encode(String(value));
}

/** Reads a value of `toColumn`, from a statement that reads integers as `bigint`. */
export function fromColumn(value: SQLOutputValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return BigInt(new TextDecoder().decode(value));
  throw new TypeError(`the ledger has ${value === null ? 'NULL' : typeof value} in a number column`);
}
