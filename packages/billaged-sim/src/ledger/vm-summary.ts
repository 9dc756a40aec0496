import type { VmUsage } from './ledger.ts';
import { addUsage, type LastSample, negateUsage, noUsage, type Usage, type UsageSpan, usageBetween } from './usage.ts';

/** The usage of a VM up to the segment that was read last. */
export interface VmSummary {
  readonly usage: Usage;
  readonly firstNanos: bigint;
  readonly last: LastSample;
}

/** Adds spans to a summary, or starts one; `undefined` when there is nothing. */
export function continueSummary(summary: VmSummary | undefined, spans: Iterable<UsageSpan>): VmSummary | undefined {
  let usage = summary?.usage ?? noUsage;
  let firstNanos = summary?.firstNanos;
  let last = summary?.last;
  for (const span of spans) {
    usage = addUsage(addUsage(usage, usageBetween(last, span)), span);
    firstNanos ??= span.firstNanos;
    // Only these fields: summaries of tens of thousands of VMs are in memory.
    last = {
      lastNanos: span.lastNanos,
      lastCounters: span.lastCounters,
      lastMemoryBytes: span.lastMemoryBytes,
    };
  }
  return last === undefined || firstNanos === undefined ? undefined : { usage, firstNanos, last };
}

/**
 * Replaces spans of a summary by others. `before` is the span before all of them. Everything but the peak of memory is a sum,
 * so the difference is exact; the peak only rises, because samples are never removed.
 */
export function replaceInSummary(
  summary: VmSummary | undefined,
  before: UsageSpan | undefined,
  earlier: Iterable<UsageSpan>,
  now: Iterable<UsageSpan>,
): VmSummary | undefined {
  const begin = before && { usage: noUsage, firstNanos: before.firstNanos, last: before };
  const [was, is] = [continueSummary(begin, earlier), continueSummary(begin, now)];
  if (is === undefined) return summary;
  if (summary === undefined) return is;
  return {
    usage: addUsage(addUsage(summary.usage, is.usage), negateUsage(was?.usage ?? noUsage)),
    firstNanos: before === undefined && is.firstNanos < summary.firstNanos ? is.firstNanos : summary.firstNanos,
    last: is.last.lastNanos > summary.last.lastNanos ? is.last : summary.last,
  };
}

/** The state of a VM that its usage is derived from. */
export interface SummarizedVm {
  readonly vmId: string;
  readonly customerId: string;
  /** Earliest start notice, Unix nanoseconds. */
  readonly startNanos: bigint | undefined;
  readonly summary: VmSummary | undefined;
}

/** The usage of a VM. It starts with the start notice or the first sample, whichever is earlier. */
export function vmUsageOf({ vmId, customerId, startNanos, summary }: SummarizedVm): VmUsage {
  const first = summary?.firstNanos;
  const start = startNanos === undefined || (first !== undefined && first < startNanos) ? first : startNanos;
  return {
    ...(summary?.usage ?? noUsage),
    vmId,
    customerId,
    startNanos: start ?? 0n,
    endNanos: summary?.last.lastNanos ?? start ?? 0n,
  };
}
