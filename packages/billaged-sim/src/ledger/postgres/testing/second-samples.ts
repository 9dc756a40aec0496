import { columnsOf } from '../../columns-of.ts';
import type { Appended, UsageLedger } from '../../ledger.ts';

/** Appends samples of one VM, a second apart, of which each has used a nanosecond more. */
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
    counters: {
      cpuNanos: BigInt(from + index),
      diskReadBytes: 0n,
      diskWriteBytes: 0n,
      networkRxBytes: 0n,
      networkTxBytes: 0n,
    },
  }));
  return ledger.append({ vmId, customerId, samples: columnsOf(samples) });
}
