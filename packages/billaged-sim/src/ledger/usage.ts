import { addCounters, type Counters, growthOf, type Integer, mapCounters, zeroCounters } from './counters.ts';
import { unixMillis } from './time.ts';

/** Nanoseconds between two samples above which there is a gap: 2 minutes, the documented limit of billaged. */
export const gapNanos = 120e9;

/** Maximum nanoseconds for which memory counts as unchanged: 10 minutes, the documented limit of billaged. */
export const longestHoldNanos = 600e9;

/** Usage over a time. Segments have numbers where those are exact; derived usage has `bigint` only. */
export interface Usage<T extends Integer = bigint> {
  readonly sampleCount: number;
  /** Number of gaps: more than two minutes between two samples. */
  readonly gaps: number;
  readonly growth: Counters<T>;
  readonly memorySumBytes: T;
  readonly memoryMaxBytes: T;
  /** Memory over time: bytes times milliseconds in use. A step of more than ten minutes counts as zero. */
  readonly memoryByteMillis: T;
}

/** Usage with the counters of its first and its last sample, and the memory of the last one. */
export interface EdgedUsage<T extends Integer = bigint> extends Usage<T> {
  readonly firstCounters: Counters<T>;
  readonly lastCounters: Counters<T>;
  readonly lastMemoryBytes: T;
}

/** The usage of no samples. */
export const noUsage: Usage = {
  sampleCount: 0,
  gaps: 0,
  growth: zeroCounters,
  memorySumBytes: 0n,
  memoryMaxBytes: 0n,
  memoryByteMillis: 0n,
};

/** Adds the usage of successive times. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    sampleCount: a.sampleCount + b.sampleCount,
    gaps: a.gaps + b.gaps,
    growth: addCounters(a.growth, b.growth),
    memorySumBytes: a.memorySumBytes + b.memorySumBytes,
    memoryMaxBytes: larger(a.memoryMaxBytes, b.memoryMaxBytes),
    memoryByteMillis: a.memoryByteMillis + b.memoryByteMillis,
  };
}

/** Usage that subtracts the given one when it is added. The peak of memory cannot be subtracted; it is 0. */
export function negateUsage({ sampleCount, gaps, growth, memorySumBytes, memoryByteMillis }: Usage): Usage {
  return {
    sampleCount: -sampleCount,
    gaps: -gaps,
    growth: mapCounters((name) => -growth[name]),
    memorySumBytes: -memorySumBytes,
    memoryMaxBytes: 0n,
    memoryByteMillis: -memoryByteMillis,
  };
}

/** Math.max does not accept bigint. */
function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/**
 * Usage of one VM and customer over a time: one segment, or several joined. The usage between two spans follows from the end
 * of one and the start of the other, so spans can be joined in any grouping.
 */
export interface UsageSpan extends EdgedUsage {
  readonly customerId: string;
  /** Unix nanoseconds of the first and of the last sample. */
  readonly firstNanos: bigint;
  readonly lastNanos: bigint;
}

/** The end of a span, from which the usage up to the next span follows. */
export type LastSample = Pick<UsageSpan, 'lastNanos' | 'lastCounters' | 'lastMemoryBytes'>;

/**
 * Usage between the last sample of a span and the first sample of the next one; it belongs to the customer of the next one.
 * A counter that fell was reset and counts from zero, and so do all counters when there is no span before.
 */
export function usageBetween(before: LastSample | undefined, after: UsageSpan): Usage {
  const growth = growthOf(before?.lastCounters, after.firstCounters);
  if (before === undefined) return { ...noUsage, growth };
  const nanos = after.firstNanos - before.lastNanos;
  const millis = unixMillis(after.firstNanos) - unixMillis(before.lastNanos);
  return {
    ...noUsage,
    growth,
    gaps: nanos > gapNanos ? 1 : 0,
    memoryByteMillis: nanos > longestHoldNanos ? 0n : millis * before.lastMemoryBytes,
  };
}

/** Joins successive spans of the same customer. The spans are in time order. */
export function joinSpans(spans: Iterable<UsageSpan>): UsageSpan[] {
  const joined: UsageSpan[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last?.customerId === span.customerId) joined[joined.length - 1] = join(last, span);
    else joined.push(span);
  }
  return joined;
}

function join(a: UsageSpan, b: UsageSpan): UsageSpan {
  return {
    ...addUsage(addUsage(a, usageBetween(a, b)), b),
    customerId: a.customerId,
    firstNanos: a.firstNanos,
    lastNanos: b.lastNanos,
    firstCounters: a.firstCounters,
    lastCounters: b.lastCounters,
    lastMemoryBytes: b.lastMemoryBytes,
  };
}
