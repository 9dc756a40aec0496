import { lengthen } from '../fleet/growable-columns.ts';
import { memoryField, type usageFields, usageWidth } from '../fleet/usage.ts';
import type { BatchOwner } from './batches.ts';

/** Amounts that are cumulative: what a bill is made of. */
type BilledField = Exclude<(typeof usageFields)[number], 'memoryBytes'>;

/** What has been written down of a VM in all its samples up to now. */
export interface TrueUsage {
  readonly vmId: string;
  readonly customerId: string;
  /** Rises with each VM that was sampled. */
  readonly ordinal: number;
  /** Lives that were sampled: the first boot and each reboot begin one, and counters at zero. */
  readonly lives: number;
  readonly sampleCount: number;
  /** Unix milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Cumulative amounts in the last sample. */
  readonly thisLife: Readonly<Record<BilledField, bigint>>;
  /** The sum of what each life came to. */
  readonly total: Readonly<Record<BilledField, bigint>>;
}

/** Remembers what exactly has been sampled, so that a bill can be checked to the last unit. */
export interface GroundTruth {
  /** Writes down a sample: which life of the VM it is of, when it was taken, and a row of `usageFields`. */
  record(owner: SampledVm, life: number, unixMs: number, amounts: Float64Array): void;
  /** Which life the last sample of a VM is of; 0 if there is none. */
  lastLifeOf(owner: SampledVm): number;
  /** When the last sample of a VM was taken, in Unix milliseconds; 0 if there is none. */
  lastMsOf(owner: SampledVm): number;
  /** What was sampled of every VM, those that are gone included, in no order. */
  all(): Iterable<TrueUsage>;
  /** VMs that are gone and have been forgotten: what they used is not in `all`. */
  readonly forgotten: number;
}

/** A VM that samples are taken of. */
export interface SampledVm extends BatchOwner {
  readonly ordinal: number;
}

function allocate(capacity: number) {
  return {
    life: new Uint32Array(capacity),
    lives: new Uint32Array(capacity),
    sampleCount: new Float64Array(capacity),
    firstMs: new Float64Array(capacity),
    lastMs: new Float64Array(capacity),
    /** Amounts in the last sample. */
    last: new Float64Array(capacity * usageWidth),
    /** What earlier lives came to. */
    earlier: new Float64Array(capacity * usageWidth),
  };
}

/**
 * Makes a memory without samples.
 *
 * @param rememberGone how many VMs that are gone are remembered; of more than that, the one that went first is forgotten
 */
export function createGroundTruth(rememberGone: number): GroundTruth {
  const owners: (SampledVm | undefined)[] = [];
  const gone = new Map<number, TrueUsage>();
  let forgotten = 0;
  let capacity = 64;
  let columns = allocate(capacity);

  function changeOwner(owner: SampledVm): void {
    const { slot } = owner;
    while (slot >= capacity) {
      capacity *= 2;
      columns = lengthen(allocate, columns, capacity);
    }
    const before = owners[slot];
    if (before !== undefined) keepGone(describe(before));
    owners[slot] = owner;
    for (const name of ['life', 'lives', 'sampleCount', 'firstMs', 'lastMs'] as const) columns[name][slot] = 0;
    for (const name of ['last', 'earlier'] as const) {
      columns[name].fill(0, slot * usageWidth, (slot + 1) * usageWidth);
    }
  }

  function keepGone(usage: TrueUsage): void {
    gone.set(usage.ordinal, usage);
    const [oldest] = gone.keys();
    if (gone.size <= rememberGone || oldest === undefined) return;
    gone.delete(oldest);
    forgotten += 1;
  }

  function beginLife(slot: number, life: number): void {
    columns.life[slot] = life;
    columns.lives[slot] = (columns.lives[slot] ?? 0) + 1;
    const at = slot * usageWidth;
    for (let field = at; field < at + usageWidth; field += 1) {
      columns.earlier[field] = (columns.earlier[field] ?? 0) + (columns.last[field] ?? 0);
    }
  }

  function describe({ id, customerId, ordinal, slot }: SampledVm): TrueUsage {
    const last = billedAmounts((field) => BigInt(columns.last[slot * usageWidth + field] ?? 0));
    const earlier = billedAmounts((field) => BigInt(columns.earlier[slot * usageWidth + field] ?? 0));
    return {
      vmId: id,
      customerId,
      ordinal,
      lives: columns.lives[slot] ?? 0,
      sampleCount: columns.sampleCount[slot] ?? 0,
      firstMs: columns.firstMs[slot] ?? 0,
      lastMs: columns.lastMs[slot] ?? 0,
      thisLife: last,
      total: addAmounts(earlier, last),
    };
  }

  return {
    record(owner, life, unixMs, amounts) {
      const { slot } = owner;
      if (owners[slot] !== owner) changeOwner(owner);
      if (columns.life[slot] !== life) beginLife(slot, life);
      if (columns.sampleCount[slot] === 0) columns.firstMs[slot] = unixMs;
      columns.lastMs[slot] = unixMs;
      columns.sampleCount[slot] = (columns.sampleCount[slot] ?? 0) + 1;
      columns.last.set(amounts, slot * usageWidth);
    },
    lastLifeOf: (owner) => (owners[owner.slot] === owner ? (columns.life[owner.slot] ?? 0) : 0),
    lastMsOf: (owner) => (owners[owner.slot] === owner ? (columns.lastMs[owner.slot] ?? 0) : 0),
    *all() {
      yield* gone.values();
      for (const owner of owners) if (owner !== undefined) yield describe(owner);
    },
    get forgotten() {
      return forgotten;
    },
  };
}

/** Reads the cumulative amounts of a row; the others are those of a moment. */
function billedAmounts(amountAt: (field: number) => bigint): Record<BilledField, bigint> {
  const [cpuNanos = 0n, diskReadBytes = 0n, diskWriteBytes = 0n, networkRxBytes = 0n, networkTxBytes = 0n] = Array.from(
    { length: usageWidth },
    (_, field) => field,
  )
    .filter((field) => field !== memoryField)
    .map(amountAt);
  return { cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes };
}

/** Adds cumulative amounts. */
export function addAmounts(
  one: Readonly<Record<BilledField, bigint>>,
  other: Readonly<Record<BilledField, bigint>>,
): Record<BilledField, bigint> {
  return {
    cpuNanos: one.cpuNanos + other.cpuNanos,
    diskReadBytes: one.diskReadBytes + other.diskReadBytes,
    diskWriteBytes: one.diskWriteBytes + other.diskWriteBytes,
    networkRxBytes: one.networkRxBytes + other.networkRxBytes,
    networkTxBytes: one.networkTxBytes + other.networkTxBytes,
  };
}
