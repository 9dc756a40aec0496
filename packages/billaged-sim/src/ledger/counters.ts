/** The counters of a sample, in the order in which they are stored and encoded. */
export const counterNames = [
  'cpuNanos',
  'diskReadBytes',
  'diskWriteBytes',
  'networkRxBytes',
  'networkTxBytes',
] as const;

/** The name of a counter. */
export type CounterName = (typeof counterNames)[number];

/** Something for each counter: its value in a sample, its growth over a time, its column. */
export type Counters<T> = { readonly [name in CounterName]: T };

/** The cumulative counters of a VM, or what each has grown by over a time. */
export type UsageCounters = Counters<bigint>;

/** An integer; a `bigint` where it may be above 2^53. */
export type Integer = number | bigint;

/** Makes something for each counter. */
export function mapCounters<T>(make: (name: CounterName) => T): Counters<T> {
  return {
    cpuNanos: make('cpuNanos'),
    diskReadBytes: make('diskReadBytes'),
    diskWriteBytes: make('diskWriteBytes'),
    networkRxBytes: make('networkRxBytes'),
    networkTxBytes: make('networkTxBytes'),
  };
}

/** The names of the counters in the columns of both drivers. */
export const counterColumns: Counters<string> = {
  cpuNanos: 'cpu',
  diskReadBytes: 'disk_read',
  diskWriteBytes: 'disk_write',
  networkRxBytes: 'network_rx',
  networkTxBytes: 'network_tx',
};

/** All counters at 0. */
export const zeroCounters: UsageCounters = mapCounters(() => 0n);

/** Adds each counter to the same one. Written out, since reading a month adds thousands of them. */
export function addCounters(a: UsageCounters, b: UsageCounters): UsageCounters {
  return {
    cpuNanos: a.cpuNanos + b.cpuNanos,
    diskReadBytes: a.diskReadBytes + b.diskReadBytes,
    diskWriteBytes: a.diskWriteBytes + b.diskWriteBytes,
    networkRxBytes: a.networkRxBytes + b.networkRxBytes,
    networkTxBytes: a.networkTxBytes + b.networkTxBytes,
  };
}

/**
 * The growth of each counter from one sample to the next. A counter that fell was reset, so all of its new value is growth.
 * Without a previous sample, counters start from zero.
 */
export function growthOf(before: UsageCounters | undefined, after: UsageCounters): UsageCounters {
  if (before === undefined) return after;
  return {
    cpuNanos: growth(before.cpuNanos, after.cpuNanos),
    diskReadBytes: growth(before.diskReadBytes, after.diskReadBytes),
    diskWriteBytes: growth(before.diskWriteBytes, after.diskWriteBytes),
    networkRxBytes: growth(before.networkRxBytes, after.networkRxBytes),
    networkTxBytes: growth(before.networkTxBytes, after.networkTxBytes),
  };
}

function growth(before: bigint, after: bigint): bigint {
  return after < before ? after : after - before;
}
