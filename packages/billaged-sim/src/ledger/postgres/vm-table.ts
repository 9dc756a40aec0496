import { counterNames } from '../counters.ts';
import { beforeAll, type HourTime, hourTimeOf, unixNanos } from '../time.ts';
import type { LastSample } from '../usage.ts';
import type { VmSummary } from '../vm-summary.ts';
import { arrayText, byColumn, type Column, type ColumnValue, insertRows } from './column-arrays.ts';
import type { Database, Row, Transaction } from './database.ts';
import { countersIn, integerIn, lastColumns, numberIn, sumColumns, textIn } from './span-columns.ts';

/** The state of a VM. It is valid as long as the row is locked, since other billageds write, too. */
export interface VmState {
  readonly vmId: string;
  /** The customer that summaries name. */
  customerId: string;
  /** Customer of the last batch. */
  billedCustomerId: string | undefined;
  isTracked: boolean;
  /** Earliest start notice and latest stop notice, Unix nanoseconds. */
  startNanos: bigint | undefined;
  stopNanos: bigint | undefined;
  /** Segments before this hour were compacted. */
  sealedHour: number;
  /** Every hour before this one that has samples has a rollup. */
  rollupsUntil: number;
  /** Time of the newest sample; `beforeAll` when there is none. */
  newest: HourTime;
  /** Its usage since it was first seen. */
  summary: VmSummary | undefined;
}

/** The columns of `vmValues`. */
const vmColumns: readonly Column[] = [
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
function vmValues(vm: VmState): ColumnValue[] {
  const { summary } = vm;
  const known: ColumnValue[] = [
    ...[vm.vmId, vm.customerId, vm.billedCustomerId ?? null, vm.isTracked, vm.startNanos ?? null, vm.stopNanos ?? null],
    ...[vm.sealedHour, vm.rollupsUntil],
  ];
  if (summary === undefined) return [...known, ...nothing];
  const { usage, last } = summary;
  const first = hourTimeOf(summary.firstNanos);
  return [
    ...known,
    ...[first.hour, first.nanos, vm.newest.hour, vm.newest.nanos, usage.sampleCount, usage.gaps],
    ...counterNames.map((name) => last.lastCounters[name]),
    last.lastMemoryBytes,
    ...counterNames.map((name) => usage.growth[name]),
    ...[usage.memorySumBytes, usage.memoryMaxBytes, usage.memoryByteMillis],
  ];
}

/** Reads the row of a VM. */
export function vmStateOf(row: Row): VmState {
  const optional = (column: string) => (typeof row[column] === 'string' ? integerIn(row, column) : undefined);
  const hasSamples = typeof row['last_hour'] === 'string';
  const newest = hasSamples ? { hour: numberIn(row, 'last_hour'), nanos: numberIn(row, 'last_at') } : beforeAll;
  return {
    vmId: textIn(row, 'vm_id'),
    customerId: textIn(row, 'customer_id'),
    billedCustomerId: row['payer_id'] ?? undefined,
    isTracked: row['tracked'] === 't',
    startNanos: optional('started_at'),
    stopNanos: optional('stopped_at'),
    sealedHour: numberIn(row, 'closed_hour'),
    rollupsUntil: numberIn(row, 'totals_until'),
    newest,
    summary: hasSamples ? summaryOf(row, newest) : undefined,
  };
}

function summaryOf(row: Row, newest: HourTime): VmSummary {
  const last: LastSample = {
    lastNanos: unixNanos(newest),
    lastCounters: countersIn(row, 'l'),
    lastMemoryBytes: integerIn(row, 'l_memory'),
  };
  return {
    usage: {
      sampleCount: numberIn(row, 'sample_count'),
      gaps: numberIn(row, 'gaps'),
      growth: countersIn(row, 'g'),
      memorySumBytes: integerIn(row, 'memory_sum'),
      memoryMaxBytes: integerIn(row, 'memory_max'),
      memoryByteMillis: integerIn(row, 'memory_byte_millis'),
    },
    firstNanos: unixNanos({ hour: numberIn(row, 'first_hour'), nanos: numberIn(row, 'first_at') }),
    last,
  };
}

const names = vmColumns.map(([name]) => name);

/** The columns of a VM as a list. */
export const vmColumnList = names.join(', ');

/**
 * Inserts the VMs that are new and locks all of them, in the order in which they are given. A row is locked by an upsert,
 * since not every database can lock rows on several machines by SELECT ... FOR UPDATE.
 */
const lock = {
  name: 'lock_vms',
  text: `INSERT INTO vms (vm_id, customer_id) SELECT * FROM unnest($1::text[], $2::text[])
    ON CONFLICT (vm_id) DO UPDATE SET locks = vms.locks + 1 RETURNING ${vmColumnList}`,
};

const update = insertRows(
  'update_vms',
  'vms',
  vmColumns,
  `ON CONFLICT (vm_id) DO UPDATE SET ${names
    .slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`,
);

const billedCustomers = insertRows(
  'add_billed_customers',
  'vm_customers',
  [
    ['vm_id', 'text'],
    ['customer_id', 'text'],
  ],
  'ON CONFLICT (vm_id, customer_id) DO NOTHING',
);

/**
 * Locks VMs until the transaction ends and reads them. Every transaction that locks several VMs does so with this function,
 * once, before anything else, and in the order of their names: so there is no deadlock.
 *
 * @param customers the customer of each VM if it is new
 */
export async function lockVms(
  { read }: Transaction,
  customers: ReadonlyMap<string, string>,
): Promise<Map<string, VmState>> {
  const vmIds = [...customers.keys()].sort();
  const rows = await read(lock, [arrayText(vmIds), arrayText(vmIds.map((vmId) => customers.get(vmId) ?? ''))]);
  return new Map(rows.map(vmStateOf).map((vm) => [vm.vmId, vm]));
}

/** Writes VMs that are locked. */
export function updateVms({ send }: Transaction, vms: readonly VmState[]): void {
  if (vms.length > 0) send(update, byColumn(vmColumns, vms.map(vmValues)));
}

/** Records which customers were billed for which VMs. */
export function addBilledCustomers(
  { send }: Transaction,
  pairs: readonly (readonly [vmId: string, customerId: string])[],
): void {
  if (pairs.length === 0) return;
  send(billedCustomers, [arrayText(pairs.map(([vmId]) => vmId)), arrayText(pairs.map(([, customerId]) => customerId))]);
}

/** Number of tracked VMs, as far as this billaged knows: counted periodically, and adjusted by its own writes. */
export interface TrackedCount {
  readonly value: number;
  add(more: number): void;
  /** Counts again, since others write, too. */
  refresh(): Promise<void>;
}

const count = { text: 'SELECT count(*) AS tracked FROM vms WHERE tracked' };

/** Makes the count; it is 0 until it is refreshed. */
export function createTrackedCount(database: Database): TrackedCount {
  let value = 0;
  let moved = 0;
  return {
    get value() {
      return value + moved;
    },
    add(more) {
      moved += more;
    },
    async refresh() {
      // Writes during the count may be included or not; the next refresh corrects that.
      const movedBefore = moved;
      const [row = {}] = await database.read(count);
      value = numberIn(row, 'tracked');
      moved -= movedBefore;
    },
  };
}
