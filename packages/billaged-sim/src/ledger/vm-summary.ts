import type { Used } from './ledger.ts';
import { addUsed, type Stretch, usedBetween, usedNothing } from './stretch.ts';

/** What a VM has used up to its run that was read last. */
export interface VmSummary {
  readonly used: Used;
  readonly firstNanos: bigint;
  readonly last: Stretch;
}

/** Goes on with a summary, or begins one; `undefined` when there is nothing. */
export function continueSummary(summary: VmSummary | undefined, stretches: Iterable<Stretch>): VmSummary | undefined {
  let used = summary?.used ?? usedNothing;
  let firstNanos = summary?.firstNanos;
  let last = summary?.last;
  for (const stretch of stretches) {
    used = addUsed(addUsed(used, usedBetween(last, stretch)), stretch);
    firstNanos ??= stretch.firstNanos;
    last = stretch;
  }
  return last === undefined || firstNanos === undefined ? undefined : { used, firstNanos, last };
}
