import type { UsageCounters } from './ledger.ts';
import { createSampleColumns, type SampleColumns } from './sample-columns.ts';

/** One sample of a VM. Times are Unix nanoseconds; counters are cumulative since the VM was booted. */
export interface UsageSample {
  readonly timeNanos: bigint;
  readonly counters: UsageCounters;
  readonly memoryBytes: bigint;
}

/** Writes samples as columns. Values must be from 0 to 2^53 - 1. */
export function columnsOf(samples: readonly UsageSample[]): SampleColumns {
  const columns = createSampleColumns(samples.length);
  samples.forEach(({ timeNanos, counters, memoryBytes }, row) => {
    const nanos = ((timeNanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    columns.seconds[row] = Number((timeNanos - nanos) / 1_000_000_000n);
    columns.nanos[row] = Number(nanos);
    columns.cpuNanos[row] = Number(counters.cpuNanos);
    columns.memoryBytes[row] = Number(memoryBytes);
    columns.diskReadBytes[row] = Number(counters.diskReadBytes);
    columns.diskWriteBytes[row] = Number(counters.diskWriteBytes);
    columns.networkRxBytes[row] = Number(counters.networkRxBytes);
    columns.networkTxBytes[row] = Number(counters.networkTxBytes);
  });
  columns.length = samples.length;
  return columns;
}
