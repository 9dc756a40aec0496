import type { Bounds } from './bounds.ts';
import { type CustomerUse, type Stretch, usedBetween, usedByCustomer, wholeMillis } from './stretch.ts';

/** What a customer used of a VM in a period. */
export interface PeriodUse extends CustomerUse {
  /** Whether a bound of the period cut a run, so that its samples had to be shared out. */
  readonly isInterpolated: boolean;
}

/**
 * What each customer used within the bounds, of stretches in time order that may reach over them. `before` is what came
 * before the stretches.
 *
 * Of a stretch that a bound cuts, the single samples are not known any more. They are taken to be evenly spaced and to have
 * used the same each, so that the periods on both sides of a bound add up to what they are together.
 */
export function usedInPeriod(
  before: Stretch | undefined,
  stretches: Iterable<Stretch>,
  { fromSeconds, toSeconds }: Bounds,
): PeriodUse[] {
  const fromNanos = nanosOf(fromSeconds);
  const toNanos = nanosOf(toSeconds);
  let last = before;
  const inside: Stretch[] = [];
  const cut = new Set<string>();

  for (const stretch of stretches) {
    let piece = stretch;
    if (fromNanos !== undefined && piece.firstNanos < fromNanos) {
      if (piece.lastNanos < fromNanos) {
        last = piece;
        continue;
      }
      [last, piece] = cutStretch(piece, fromNanos);
      cut.add(piece.customerId);
    }
    if (toNanos !== undefined && piece.lastNanos >= toNanos) {
      if (piece.firstNanos >= toNanos) break;
      [piece] = cutStretch(piece, toNanos);
      cut.add(piece.customerId);
    }
    inside.push(piece);
  }
  return usedByCustomer(last, inside).map((use) => ({ ...use, isInterpolated: cut.has(use.customerId) }));
}

/**
 * Cuts a stretch before a moment, which is after its first sample and not after its last. The two parts and what is between
 * them come to what the stretch had; the peak of memory alone is that of the stretch on both sides.
 */
export function cutStretch(stretch: Stretch, atNanos: bigint): [before: Stretch, after: Stretch] {
  const { firstNanos, lastNanos, firstCounters, growth, sampleCount, memorySumBytes, memoryByteMillis } = stretch;
  const duration = lastNanos - firstNanos;
  const steps = BigInt(sampleCount - 1);
  // Samples stand at i * duration / steps; those before the moment are on the one side.
  const earlier = divideUp((atNanos - firstNanos) * steps, duration);
  const lastStep = earlier - 1n;

  const amounts = [
    growth.cpuNanos,
    growth.diskReadBytes,
    growth.diskWriteBytes,
    growth.networkRxBytes,
    growth.networkTxBytes,
  ] as const;
  const grownBy = (step: bigint) => growthOf(amounts.map((amount) => (amount * step) / steps));
  const countersAt = (step: bigint) => {
    const [cpu, diskRead, diskWrite, networkRx, networkTx] = firstCounters;
    const grown = grownBy(step);
    return [
      cpu + grown.cpuNanos,
      diskRead + grown.diskReadBytes,
      diskWrite + grown.diskWriteBytes,
      networkRx + grown.networkRxBytes,
      networkTx + grown.networkTxBytes,
    ] as const;
  };
  const endNanos = firstNanos + (lastStep * duration) / steps;
  const beginNanos = firstNanos + divideUp(earlier * duration, steps);
  const memorySum = (memorySumBytes * earlier) / BigInt(sampleCount);
  const heldUntil = (nanos: bigint) => (memoryByteMillis * (nanos - firstNanos)) / duration;
  const held = heldUntil(endNanos);
  const millisBetween = wholeMillis(beginNanos) - wholeMillis(endNanos);
  const before: Stretch = {
    ...stretch,
    lastNanos: endNanos,
    lastCounters: countersAt(lastStep),
    // Rounded down, so that what is between takes nothing from what is after.
    lastMemoryBytes: millisBetween === 0n ? 0n : (heldUntil(beginNanos) - held) / millisBetween,
    sampleCount: Number(earlier),
    gaps: Number((BigInt(stretch.gaps) * lastStep) / steps),
    growth: grownBy(lastStep),
    memorySumBytes: memorySum,
    memoryByteMillis: held,
  };
  const begin = {
    ...stretch,
    firstNanos: beginNanos,
    firstCounters: countersAt(earlier),
    sampleCount: sampleCount - before.sampleCount,
    memorySumBytes: memorySumBytes - memorySum,
  };
  const between = usedBetween(before, begin);
  const grownLater = grownBy(earlier);
  return [
    before,
    {
      ...begin,
      gaps: Math.max(0, stretch.gaps - before.gaps - between.gaps),
      growth: {
        cpuNanos: growth.cpuNanos - grownLater.cpuNanos,
        diskReadBytes: growth.diskReadBytes - grownLater.diskReadBytes,
        diskWriteBytes: growth.diskWriteBytes - grownLater.diskWriteBytes,
        networkRxBytes: growth.networkRxBytes - grownLater.networkRxBytes,
        networkTxBytes: growth.networkTxBytes - grownLater.networkTxBytes,
      },
      memoryByteMillis: memoryByteMillis - before.memoryByteMillis - between.memoryByteMillis,
    },
  ];
}

function growthOf([
  cpuNanos = 0n,
  diskReadBytes = 0n,
  diskWriteBytes = 0n,
  networkRxBytes = 0n,
  networkTxBytes = 0n,
]: readonly bigint[]) {
  return { cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes };
}

function nanosOf(seconds: number | undefined): bigint | undefined {
  return seconds === undefined ? undefined : BigInt(seconds) * 1_000_000_000n;
}

function divideUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}
