import { beforeAll, type Moment, unixNanos } from '../moment.ts';
import type { LastSample } from '../stretch.ts';
import type { VmSummary } from '../vm-summary.ts';
import type { ColumnValue } from './array-text.ts';
import type { Column } from './column-set.ts';
import type { Row } from './database.ts';
import { countersIn, lastColumns, numberIn, sumColumns, textIn, wholeIn } from './fact-columns.ts';

/** What the ledger knows of a VM; it is true as long as the row is locked, for other billageds write, too. */
export interface VmState {
  readonly vmId: string;
  /** Whom summaries name. */
  customerId: string;
  /** Customer of the last batch. */
  payerId: string | undefined;
  isTracked: boolean;
  /** Earliest start notice and latest stop notice, Unix nanoseconds. */
  startNanos: bigint | undefined;
  stopNanos: bigint | undefined;
  /** Runs before this hour were compacted. */
  closedHour: number;
  /** Of every hour before this one that has samples there is a total. */
  totalsUntil: number;
  /** The newest sample; without one before all times. */
  newest: Moment;
  /** What it has used since ever. */
  summary: VmSummary | undefined;
}

/** The columns of `vmValues`. */
export const vmColumns: readonly Column[] = [
  ['vm_id', 'text'],
  ['customer_id', 'text'],
  ['payer_id', 'text'],
  ['tracked', 'boolean'],
  ['started_at', 'bigint'],
  ['stopped_at', 'bigint'],
  ['closed_hour', 'bigint'],
  ['totals_until', 'bigint'],
  ['first_hour', 'bigint'],
  ['first_at', 'bigint'],
  ['last_hour', 'bigint'],
  ['last_at', 'bigint'],
  ['sample_count', 'bigint'],
  ['gaps', 'bigint'],
  ...lastColumns,
  ...sumColumns,
];

const nothing = vmColumns.slice(8).map(() => null);

/** The row of a VM. */
export function vmValues(vm: VmState): ColumnValue[] {
  const { summary } = vm;
  const known: ColumnValue[] = [
    ...[vm.vmId, vm.customerId, vm.payerId ?? null, vm.isTracked, vm.startNanos ?? null, vm.stopNanos ?? null],
    ...[vm.closedHour, vm.totalsUntil],
  ];
  if (summary === undefined) return [...known, ...nothing];
  const { used, last } = summary;
  const { growth } = used;
  const first = hourAndNanos(summary.firstNanos);
  return [
    ...known,
    ...[first.hour, first.nanos, vm.newest.hour, vm.newest.nanos, used.sampleCount, used.gaps],
    ...last.lastCounters,
    last.lastMemoryBytes,
    growth.cpuNanos,
    growth.diskReadBytes,
    growth.diskWriteBytes,
    growth.networkRxBytes,
    growth.networkTxBytes,
    ...[used.memorySumBytes, used.memoryMaxBytes, used.memoryByteMillis],
  ];
}

/** Reads the row of a VM. */
export function vmStateOf(row: Row): VmState {
  const optional = (column: string) => (typeof row[column] === 'string' ? wholeIn(row, column) : undefined);
  const hasSamples = typeof row['last_hour'] === 'string';
  const newest = hasSamples ? { hour: numberIn(row, 'last_hour'), nanos: numberIn(row, 'last_at') } : beforeAll;
  return {
    vmId: textIn(row, 'vm_id'),
    customerId: textIn(row, 'customer_id'),
    payerId: row['payer_id'] ?? undefined,
    isTracked: row['tracked'] === 't',
    startNanos: optional('started_at'),
    stopNanos: optional('stopped_at'),
    closedHour: numberIn(row, 'closed_hour'),
    totalsUntil: numberIn(row, 'totals_until'),
    newest,
    summary: hasSamples ? summaryOf(row, newest) : undefined,
  };
}

function summaryOf(row: Row, newest: Moment): VmSummary {
  const [cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes] = countersIn(row, 'g');
  const last: LastSample = {
    lastNanos: unixNanos(newest),
    lastCounters: countersIn(row, 'l'),
    lastMemoryBytes: wholeIn(row, 'l_memory'),
  };
  return {
    used: {
      sampleCount: numberIn(row, 'sample_count'),
      gaps: numberIn(row, 'gaps'),
      growth: { cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes },
      memorySumBytes: wholeIn(row, 'memory_sum'),
      memoryMaxBytes: wholeIn(row, 'memory_max'),
      memoryByteMillis: wholeIn(row, 'memory_byte_millis'),
    },
    firstNanos: unixNanos({ hour: numberIn(row, 'first_hour'), nanos: numberIn(row, 'first_at') }),
    last,
  };
}

const hourNanos = 3_600_000_000_000n;

function hourAndNanos(unix: bigint): Moment {
  const nanos = ((unix % hourNanos) + hourNanos) % hourNanos;
  return { hour: Number((unix - nanos) / hourNanos), nanos: Number(nanos) };
}
