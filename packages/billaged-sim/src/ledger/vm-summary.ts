import type { Used } from './ledger.ts';
import { addUsed, type LastSample, type Stretch, usedBetween, usedNothing } from './stretch.ts';

/** What a VM has used up to its run that was read last. */
export interface VmSummary {
  readonly used: Used;
  readonly firstNanos: bigint;
  readonly last: LastSample;
}

/** Goes on with a summary, or begins one; `undefined` when there is nothing. */
export function continueSummary(summary: VmSummary | undefined, stretches: Iterable<Stretch>): VmSummary | undefined {
  let used = summary?.used ?? usedNothing;
  let firstNanos = summary?.firstNanos;
  let last = summary?.last;
  for (const stretch of stretches) {
    used = addUsed(addUsed(used, usedBetween(last, stretch)), stretch);
    firstNanos ??= stretch.firstNanos;
    // No more of it: a summary is kept for tens of thousands of VMs.
    last = {
      lastNanos: stretch.lastNanos,
      lastCounters: stretch.lastCounters,
      lastMemoryBytes: stretch.lastMemoryBytes,
    };
  }
  return last === undefined || firstNanos === undefined ? undefined : { used, firstNanos, last };
}
