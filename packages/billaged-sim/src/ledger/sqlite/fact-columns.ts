import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { UsageCounters } from '../ledger.ts';
import { type CounterValues, hourSeconds, type Run, type Whole } from '../run.ts';
import type { Stretch } from '../stretch.ts';
import { fromColumn, toColumn } from './wide-number.ts';

/** A row of a statement that reads integers as `bigint`. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** The columns that runs and totals have in common, in the order of `factValues`. */
export const factColumns = [
  ...['count', 'gaps'],
  ...['f_cpu', 'f_disk_read', 'f_disk_write', 'f_network_rx', 'f_network_tx'],
  ...['l_cpu', 'l_disk_read', 'l_disk_write', 'l_network_rx', 'l_network_tx'],
  ...['g_cpu', 'g_disk_read', 'g_disk_write', 'g_network_rx', 'g_network_tx'],
  ...['l_memory', 'memory_sum', 'memory_max', 'memory_byte_millis'],
];

/** What those columns hold of a run, or of stretches that were joined. */
export type Facts =
  | Pick<
      Run,
      | 'count'
      | 'gaps'
      | 'firstCounters'
      | 'lastCounters'
      | 'growth'
      | 'lastMemory'
      | 'memorySum'
      | 'memoryMax'
      | 'memoryByteMillis'
    >
  | WideFacts;

interface WideFacts {
  readonly count: number;
  readonly gaps: number;
  readonly firstCounters: CounterValues<Whole>;
  readonly lastCounters: CounterValues<Whole>;
  readonly growth: CounterValues<Whole>;
  readonly lastMemory: Whole;
  readonly memorySum: Whole;
  readonly memoryMax: Whole;
  readonly memoryByteMillis: Whole;
}

/** Growth as it is stored: nothing where it follows from the first and the last value. */
function storedGrowth({ firstCounters, lastCounters, growth }: Facts, index: number): SQLInputValue {
  const grown = growth[index] ?? 0;
  const first = firstCounters[index] ?? 0;
  const last = lastCounters[index] ?? 0;
  const isDifference =
    typeof grown === 'number' && typeof first === 'number' && typeof last === 'number'
      ? grown === last - first
      : BigInt(grown) === BigInt(last) - BigInt(first);
  return isDifference ? null : toColumn(grown);
}

/** The values of `factColumns`. */
export function factValues(facts: Facts): SQLInputValue[] {
  const { firstCounters: first, lastCounters: last } = facts;
  return [
    facts.count,
    facts.gaps,
    first[0],
    first[1],
    first[2],
    first[3],
    first[4],
    last[0],
    last[1],
    last[2],
    last[3],
    last[4],
    storedGrowth(facts, 0),
    storedGrowth(facts, 1),
    storedGrowth(facts, 2),
    storedGrowth(facts, 3),
    storedGrowth(facts, 4),
    facts.lastMemory,
    toColumn(facts.memorySum),
    facts.memoryMax,
    toColumn(facts.memoryByteMillis),
  ];
}

/** The facts of a stretch. */
export function factsOf(stretch: Stretch): Facts {
  const { growth } = stretch;
  return {
    count: stretch.sampleCount,
    gaps: stretch.gaps,
    firstCounters: stretch.firstCounters,
    lastCounters: stretch.lastCounters,
    growth: [
      growth.cpuNanos,
      growth.diskReadBytes,
      growth.diskWriteBytes,
      growth.networkRxBytes,
      growth.networkTxBytes,
    ],
    lastMemory: stretch.lastMemoryBytes,
    memorySum: stretch.memorySumBytes,
    memoryMax: stretch.memoryMaxBytes,
    memoryByteMillis: stretch.memoryByteMillis,
  };
}

/** Reads a stretch from a row with `customer_name`, `first_hour`, `first`, `last_hour`, `last` and the facts. */
export function stretchOf(row: Row): Stretch {
  const value = (column: string) => fromColumn(row[column]);
  const firstCounters = counters(value, 'f');
  const lastCounters = counters(value, 'l');
  const growthOf = (name: string, index: number) => {
    const stored = row[`g_${name}`];
    return stored === null ? (lastCounters[index] ?? 0n) - (firstCounters[index] ?? 0n) : fromColumn(stored);
  };
  const growth: UsageCounters = {
    cpuNanos: growthOf('cpu', 0),
    diskReadBytes: growthOf('disk_read', 1),
    diskWriteBytes: growthOf('disk_write', 2),
    networkRxBytes: growthOf('network_rx', 3),
    networkTxBytes: growthOf('network_tx', 4),
  };
  return {
    customerId: String(row['customer_name']),
    firstNanos: unixNanos(value('first_hour'), value('first')),
    lastNanos: unixNanos(value('last_hour'), value('last')),
    sampleCount: Number(value('count')),
    gaps: Number(value('gaps')),
    firstCounters,
    lastCounters,
    growth,
    lastMemoryBytes: value('l_memory'),
    memorySumBytes: value('memory_sum'),
    memoryMaxBytes: value('memory_max'),
    memoryByteMillis: value('memory_byte_millis'),
  };
}

/** Unix nanoseconds of a moment in an hour. */
function unixNanos(hour: bigint, nanos: bigint): bigint {
  return hour * BigInt(hourSeconds) * 1_000_000_000n + nanos;
}

function counters(value: (column: string) => bigint, edge: 'f' | 'l'): CounterValues<bigint> {
  return [
    value(`${edge}_cpu`),
    value(`${edge}_disk_read`),
    value(`${edge}_disk_write`),
    value(`${edge}_network_rx`),
    value(`${edge}_network_tx`),
  ];
}
