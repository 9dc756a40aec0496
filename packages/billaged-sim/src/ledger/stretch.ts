import type { UsageCounters, Used } from './ledger.ts';
import { type CounterValues, gapNanos, longestHoldNanos } from './run.ts';

/**
 * What one customer's samples of a VM say over a time: a run, or many that have been added up. What lies between two
 * stretches follows from the end of the one and the begin of the other, so that stretches can be joined in any grouping.
 */
export interface Stretch extends Used {
  readonly customerId: string;
  /** Unix nanoseconds of the first and of the last sample. */
  readonly firstNanos: bigint;
  readonly lastNanos: bigint;
  readonly firstCounters: CounterValues<bigint>;
  readonly lastCounters: CounterValues<bigint>;
  readonly lastMemoryBytes: bigint;
}

/** What the end of a stretch says of what comes after it. */
export type LastSample = Pick<Stretch, 'lastNanos' | 'lastCounters' | 'lastMemoryBytes'>;

/** The use of no sample. */
export const usedNothing: Used = {
  sampleCount: 0,
  gaps: 0,
  growth: { cpuNanos: 0n, diskReadBytes: 0n, diskWriteBytes: 0n, networkRxBytes: 0n, networkTxBytes: 0n },
  memorySumBytes: 0n,
  memoryMaxBytes: 0n,
  memoryByteMillis: 0n,
};

/** Adds up what was used in stretches that follow one another. */
export function addUsed(a: Used, b: Used): Used {
  return {
    sampleCount: a.sampleCount + b.sampleCount,
    gaps: a.gaps + b.gaps,
    growth: {
      cpuNanos: a.growth.cpuNanos + b.growth.cpuNanos,
      diskReadBytes: a.growth.diskReadBytes + b.growth.diskReadBytes,
      diskWriteBytes: a.growth.diskWriteBytes + b.growth.diskWriteBytes,
      networkRxBytes: a.growth.networkRxBytes + b.growth.networkRxBytes,
      networkTxBytes: a.growth.networkTxBytes + b.growth.networkTxBytes,
    },
    memorySumBytes: a.memorySumBytes + b.memorySumBytes,
    memoryMaxBytes: larger(a.memoryMaxBytes, b.memoryMaxBytes),
    memoryByteMillis: a.memoryByteMillis + b.memoryByteMillis,
  };
}

/**
 * What was used between the last sample of a stretch and the first of the next one, which is whose it is. A counter that
 * fell was reset and counts from zero, as it does when there is nothing before.
 */
export function usedBetween(before: LastSample | undefined, after: Stretch): Used {
  const grown = after.firstCounters.map((now, index) => {
    const earlier = before?.lastCounters[index] ?? 0n;
    return now < earlier ? now : now - earlier;
  });
  const [cpuNanos = 0n, diskReadBytes = 0n, diskWriteBytes = 0n, networkRxBytes = 0n, networkTxBytes = 0n] = grown;
  const growth: UsageCounters = { cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes };
  if (before === undefined) return { ...usedNothing, growth };
  const nanos = after.firstNanos - before.lastNanos;
  const millis = wholeMillis(after.firstNanos) - wholeMillis(before.lastNanos);
  return {
    ...usedNothing,
    growth,
    gaps: nanos > gapNanos ? 1 : 0,
    memoryByteMillis: nanos > longestHoldNanos ? 0n : millis * before.lastMemoryBytes,
  };
}

/** Joins each stretch with the next one as long as the customer is the same. They are in time order. */
export function joinStretches(stretches: Iterable<Stretch>): Stretch[] {
  const joined: Stretch[] = [];
  for (const stretch of stretches) {
    const last = joined.at(-1);
    if (last?.customerId === stretch.customerId) joined[joined.length - 1] = join(last, stretch);
    else joined.push(stretch);
  }
  return joined;
}

function join(a: Stretch, b: Stretch): Stretch {
  return {
    ...addUsed(addUsed(a, usedBetween(a, b)), b),
    customerId: a.customerId,
    firstNanos: a.firstNanos,
    lastNanos: b.lastNanos,
    firstCounters: a.firstCounters,
    lastCounters: b.lastCounters,
    lastMemoryBytes: b.lastMemoryBytes,
  };
}

/** What each customer used, and when, in the order in which they first did. `before` is what came before the stretches. */
export function usedByCustomer(before: Stretch | undefined, stretches: Iterable<Stretch>): CustomerUse[] {
  const uses = new Map<string, CustomerUse>();
  let previous = before;
  for (const stretch of stretches) {
    const { customerId, firstNanos, lastNanos } = stretch;
    const used = addUsed(usedBetween(previous, stretch), stretch);
    const use = uses.get(customerId);
    uses.set(
      customerId,
      use
        ? { ...addUsed(use, used), customerId, firstNanos: use.firstNanos, lastNanos }
        : { ...used, customerId, firstNanos, lastNanos },
    );
    previous = stretch;
  }
  return [...uses.values()];
}

/** What one customer used of a VM. */
export interface CustomerUse extends Used {
  readonly customerId: string;
  readonly firstNanos: bigint;
  readonly lastNanos: bigint;
}

/** Whole milliseconds since 1970, rounded down also before it. */
export function wholeMillis(nanos: bigint): bigint {
  const rest = nanos % 1_000_000n;
  return (nanos - (rest < 0n ? rest + 1_000_000n : rest)) / 1_000_000n;
}

/** Math.max takes no bigint. */
function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
