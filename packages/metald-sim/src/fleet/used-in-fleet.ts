import { lengthen } from './growable-columns.ts';
import { usageFields, usageWidth } from './usage.ts';
import type { Vm } from './vm.ts';
import type { VmTable } from './vm-table.ts';

/** Cumulative amounts: the content of a bill. */
export type BilledAmounts = Readonly<Record<Exclude<(typeof usageFields)[number], 'memoryBytes'>, bigint>>;

/** The true usage of one VM, independent of its samples. */
export interface TrueUsage {
  readonly vmId: string;
  /** The customer that is billed for it now. Boots of an earlier customer are included; a bill has those apart. */
  readonly customerId: string;
  /** Boots, reboots included. Counters begin at zero with each. */
  readonly boots: number;
  /** What its machine has used since its last boot. */
  readonly thisBoot: BilledAmounts;
  /** The sum over all boots. */
  readonly total: BilledAmounts;
  /** The part of `total` that was used after the last sample of each boot: no bill can have it. */
  readonly notSampled: BilledAmounts;
  readonly sampleCount: number;
  /** Times of the first and last sample in Unix milliseconds; 0 without one. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The true usage of a fleet, which a bill is checked against. */
export interface UsedInFleet {
  /** Every VM that was ever booted, including deleted ones, in no order. Running VMs are counted until now. */
  all(): Iterable<TrueUsage>;
  /** Deleted VMs whose usage is no longer kept: they are not in `all`. */
  readonly forgotten: number;
}

/** Options of `createFleetMeters`. */
export interface FleetMetersOptions {
  readonly table: VmTable;
  /** The VMs that exist. */
  readonly vms: () => Iterable<Vm>;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** How many deleted VMs are kept; beyond that the usage of the one deleted first is dropped. */
  readonly rememberGone: number;
}

function allocate(capacity: number) {
  return {
    sampleCount: new Float64Array(capacity),
    firstMs: new Float64Array(capacity),
    lastMs: new Float64Array(capacity),
    /** What the last sample of this boot showed; zeros before the first. */
    sampled: new Float64Array(capacity * usageWidth),
    /** What earlier boots have used. */
    earlier: new Float64Array(capacity * usageWidth),
    /** The part of `earlier` that was used after the last sample of each boot. */
    earlierNotSampled: new Float64Array(capacity * usageWidth),
  };
}

/**
 * Makes the meters of a fleet. They read usage from the table only. Of a sample they know its time and the usage at that
 * time, not what the sampler has made of it.
 */
export function createFleetMeters({ table, vms, now, rememberGone }: FleetMetersOptions) {
  const gone = new Map<string, TrueUsage>();
  const row = new Float64Array(usageWidth);
  let forgotten = 0;
  let capacity = 64;
  let columns = allocate(capacity);

  function describe({ id, customerId, slot }: Vm): TrueUsage {
    table.readUsage(slot, row);
    const at = slot * usageWidth;
    const thisBoot = billedAmounts(row, 0);
    const notSampledInIt = combine(thisBoot, billedAmounts(columns.sampled, at), (now, then) => now - then);
    return {
      vmId: id,
      customerId,
      boots: table.bootEpochOf(slot),
      thisBoot,
      total: addAmounts(billedAmounts(columns.earlier, at), thisBoot),
      notSampled: addAmounts(billedAmounts(columns.earlierNotSampled, at), notSampledInIt),
      sampleCount: columns.sampleCount[slot] ?? 0,
      firstMs: columns.firstMs[slot] ?? 0,
      lastMs: columns.lastMs[slot] ?? 0,
    };
  }

  const used: UsedInFleet = {
    *all() {
      yield* gone.values();
      const unixMs = now();
      for (const vm of vms()) {
        if (table.bootEpochOf(vm.slot) === 0) continue;
        if (table.isRunning(vm.slot)) table.countUntil(vm.slot, unixMs);
        yield describe(vm);
      }
    },
    get forgotten() {
      return forgotten;
    },
  };

  return {
    used,
    /** Begins the meter of a VM that has got a slot. */
    begin(slot: number): void {
      while (slot >= capacity) {
        capacity *= 2;
        columns = lengthen(allocate, columns, capacity);
      }
      for (const name of ['sampleCount', 'firstMs', 'lastMs'] as const) columns[name][slot] = 0;
      for (const name of ['sampled', 'earlier', 'earlierNotSampled'] as const) {
        columns[name].fill(0, slot * usageWidth, (slot + 1) * usageWidth);
      }
    },
    /** Records a sample of a running VM: its time in Unix milliseconds, and the usage at that time. */
    noteSample(slot: number, unixMs: number, shown: Float64Array): void {
      if (columns.sampleCount[slot] === 0) columns.firstMs[slot] = unixMs;
      columns.lastMs[slot] = unixMs;
      columns.sampleCount[slot] = (columns.sampleCount[slot] ?? 0) + 1;
      columns.sampled.set(shown, slot * usageWidth);
    },
    /** Keeps what this boot has used, before the next one begins with counters at zero. */
    endBoot(slot: number): void {
      table.readUsage(slot, row);
      const { earlier, earlierNotSampled, sampled } = columns;
      for (const [field, amount] of row.entries()) {
        const at = slot * usageWidth + field;
        earlier[at] = (earlier[at] ?? 0) + amount;
        earlierNotSampled[at] = (earlierNotSampled[at] ?? 0) + amount - (sampled[at] ?? 0);
        sampled[at] = 0;
      }
    },
    /** Keeps the usage of a VM that is about to be deleted. */
    end(vm: Vm): void {
      if (table.bootEpochOf(vm.slot) === 0) return;
      gone.set(vm.id, describe(vm));
      const [oldest] = gone.keys();
      if (gone.size <= rememberGone || oldest === undefined) return;
      gone.delete(oldest);
      forgotten += 1;
    },
  };
}

/** The cumulative amounts of a row, without memory. */
function billedAmounts(rows: Float64Array, at: number): BilledAmounts {
  const amount = (field: (typeof usageFields)[number]) => BigInt(rows[at + usageFields.indexOf(field)] ?? 0);
  return {
    cpuNanos: amount('cpuNanos'),
    diskReadBytes: amount('diskReadBytes'),
    diskWriteBytes: amount('diskWriteBytes'),
    networkRxBytes: amount('networkRxBytes'),
    networkTxBytes: amount('networkTxBytes'),
  };
}

function combine(one: BilledAmounts, other: BilledAmounts, operate: (a: bigint, b: bigint) => bigint): BilledAmounts {
  return {
    cpuNanos: operate(one.cpuNanos, other.cpuNanos),
    diskReadBytes: operate(one.diskReadBytes, other.diskReadBytes),
    diskWriteBytes: operate(one.diskWriteBytes, other.diskWriteBytes),
    networkRxBytes: operate(one.networkRxBytes, other.networkRxBytes),
    networkTxBytes: operate(one.networkTxBytes, other.networkTxBytes),
  };
}

/** Adds cumulative amounts. */
export function addAmounts(one: BilledAmounts, other: BilledAmounts): BilledAmounts {
  return combine(one, other, (a, b) => a + b);
}
