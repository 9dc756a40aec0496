import { counterNames, type UsageCounters, zeroCounters } from '../counters.ts';
import type { Appended, UsageLedger } from '../ledger.ts';
import { createSampleColumns, type SampleColumns } from '../sample-columns.ts';

/** One sample of a VM. Times are Unix nanoseconds; counters are cumulative since the VM was booted. */
export interface UsageSample {
  readonly timeNanos: bigint;
  readonly counters: UsageCounters;
  readonly memoryBytes: bigint;
}

/** Converts samples to columns. Values must be from 0 to 2^53 - 1. */
export function columnsOf(samples: readonly UsageSample[]): SampleColumns {
  const columns = createSampleColumns(samples.length);
  samples.forEach(({ timeNanos, counters, memoryBytes }, row) => {
    const nanos = ((timeNanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    columns.seconds[row] = Number((timeNanos - nanos) / 1_000_000_000n);
    columns.nanos[row] = Number(nanos);
    columns.memoryBytes[row] = Number(memoryBytes);
    for (const name of counterNames) columns[name][row] = Number(counters[name]);
  });
  columns.length = samples.length;
  return columns;
}

/** Appends samples of one VM, one second apart, each with one more nanosecond of CPU time. */
export function appendSeconds(
  ledger: UsageLedger,
  from: number,
  count: number,
  vmId = 'ud-1',
  customerId = 'acme',
): Promise<Appended> {
  const samples = Array.from({ length: count }, (_, index) => ({
    timeNanos: BigInt(from + index) * 1_000_000_000n,
    memoryBytes: 1n,
    counters: { ...zeroCounters, cpuNanos: BigInt(from + index) },
  }));
  return ledger.append({ vmId, customerId, samples: columnsOf(samples) });
}
