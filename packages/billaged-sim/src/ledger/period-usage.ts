import { addCounters, mapCounters } from './counters.ts';
import { hourSeconds, secondNanos, unixMillis } from './time.ts';
import { addUsage, type Usage, type UsageSpan, usageBetween } from './usage.ts';

/** A period in Unix seconds, the end exclusive; `undefined` is no bound. */
export interface Bounds {
  readonly fromSeconds: number | undefined;
  readonly toSeconds: number | undefined;
}

/** The hours since 1970 that a period touches, and those that it covers fully; ends are exclusive. */
export interface HoursOfPeriod {
  readonly from: number;
  readonly to: number;
  readonly fullFrom: number;
  readonly fullTo: number;
}

/** The hours of a period. */
export function hoursOf({ fromSeconds, toSeconds }: Bounds): HoursOfPeriod {
  const begin = fromSeconds === undefined ? Number.MIN_SAFE_INTEGER : fromSeconds / hourSeconds;
  const end = toSeconds === undefined ? Number.MAX_SAFE_INTEGER : toSeconds / hourSeconds;
  return { from: Math.floor(begin), to: Math.ceil(end), fullFrom: Math.ceil(begin), fullTo: Math.floor(end) };
}

/** Usage of a VM by one customer. */
interface CustomerUsage extends Usage {
  readonly customerId: string;
  readonly firstNanos: bigint;
  readonly lastNanos: bigint;
}

/** Usage of a VM by one customer in a period. */
export interface CustomerPeriodUsage extends CustomerUsage {
  /** Whether a bound of the period cuts a segment, so that its usage was split by time. */
  readonly isInterpolated: boolean;
}

/**
 * Usage of each customer within the bounds, from sorted spans that may extend beyond them. `before` is the span before the
 * first one.
 *
 * The single samples of a span that a bound cuts are no longer known. They are treated as evenly spaced with equal usage, so
 * that the periods on both sides of a bound add up to the whole.
 */
export function usageInPeriod(
  before: UsageSpan | undefined,
  spans: Iterable<UsageSpan>,
  { fromSeconds, toSeconds }: Bounds,
): CustomerPeriodUsage[] {
  const fromNanos = nanosOf(fromSeconds);
  const toNanos = nanosOf(toSeconds);
  let last = before;
  const inside: UsageSpan[] = [];
  const cut = new Set<string>();

  for (const span of spans) {
    let piece = span;
    if (fromNanos !== undefined && piece.firstNanos < fromNanos) {
      if (piece.lastNanos < fromNanos) {
        last = piece;
        continue;
      }
      [last, piece] = cutSpan(piece, fromNanos);
      cut.add(piece.customerId);
    }
    if (toNanos !== undefined && piece.lastNanos >= toNanos) {
      if (piece.firstNanos >= toNanos) break;
      [piece] = cutSpan(piece, toNanos);
      cut.add(piece.customerId);
    }
    inside.push(piece);
  }
  return usageByCustomer(last, inside).map((usage) => ({ ...usage, isInterpolated: cut.has(usage.customerId) }));
}

/** Usage of each customer and its times, in the order of first use. `before` is the span before the first one. */
function usageByCustomer(before: UsageSpan | undefined, spans: Iterable<UsageSpan>): CustomerUsage[] {
  const usages = new Map<string, CustomerUsage>();
  let previous = before;
  for (const span of spans) {
    const { customerId, firstNanos, lastNanos } = span;
    const added = addUsage(usageBetween(previous, span), span);
    const known = usages.get(customerId);
    usages.set(
      customerId,
      known
        ? { ...addUsage(known, added), customerId, firstNanos: known.firstNanos, lastNanos }
        : { ...added, customerId, firstNanos, lastNanos },
    );
    previous = span;
  }
  return [...usages.values()];
}

/**
 * Splits a span before a time, which must be after its first sample and not after its last. The two parts and the usage
 * between them add up to the span; only the peak of memory is the same in both parts.
 */
export function cutSpan(span: UsageSpan, atNanos: bigint): [before: UsageSpan, after: UsageSpan] {
  const { firstNanos, lastNanos, firstCounters, growth, sampleCount, memorySumBytes, memoryByteMillis } = span;
  const duration = lastNanos - firstNanos;
  const steps = BigInt(sampleCount - 1);
  // Sample i is at i * duration / steps; those before the time belong to the first part.
  const earlier = divideUp((atNanos - firstNanos) * steps, duration);
  const lastStep = earlier - 1n;

  const grownBy = (step: bigint) => mapCounters((name) => (growth[name] * step) / steps);
  const countersAt = (step: bigint) => addCounters(firstCounters, grownBy(step));
  const endNanos = firstNanos + (lastStep * duration) / steps;
  const beginNanos = firstNanos + divideUp(earlier * duration, steps);
  const memorySum = (memorySumBytes * earlier) / BigInt(sampleCount);
  const heldUntil = (nanos: bigint) => (memoryByteMillis * (nanos - firstNanos)) / duration;
  const held = heldUntil(endNanos);
  const millisBetween = unixMillis(beginNanos) - unixMillis(endNanos);
  const before: UsageSpan = {
    ...span,
    lastNanos: endNanos,
    lastCounters: countersAt(lastStep),
    // Rounded down, so that the usage between takes nothing from the second part.
    lastMemoryBytes: millisBetween === 0n ? 0n : (heldUntil(beginNanos) - held) / millisBetween,
    sampleCount: Number(earlier),
    gaps: Number((BigInt(span.gaps) * lastStep) / steps),
    growth: grownBy(lastStep),
    memorySumBytes: memorySum,
    memoryByteMillis: held,
  };
  const begin = {
    ...span,
    firstNanos: beginNanos,
    firstCounters: countersAt(earlier),
    sampleCount: sampleCount - before.sampleCount,
    memorySumBytes: memorySumBytes - memorySum,
  };
  const between = usageBetween(before, begin);
  const grownLater = grownBy(earlier);
  return [
    before,
    {
      ...begin,
      gaps: Math.max(0, span.gaps - before.gaps - between.gaps),
      growth: mapCounters((name) => growth[name] - grownLater[name]),
      memoryByteMillis: memoryByteMillis - before.memoryByteMillis - between.memoryByteMillis,
    },
  ];
}

function nanosOf(seconds: number | undefined): bigint | undefined {
  return seconds === undefined ? undefined : BigInt(seconds) * secondNanos;
}

function divideUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}
