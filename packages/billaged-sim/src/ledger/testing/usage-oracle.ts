import { mapCounters } from '../counters.ts';
import type { PeriodUsage } from '../ledger.ts';
import type { UsageSample } from './usage-samples.ts';

/** A sample and its billed customer. */
export interface BilledSample extends UsageSample {
  readonly vmId: string;
  readonly customerId: string;
}

const minute = 60_000_000_000n;
const millisecond = 1_000_000n;

/**
 * Computes the bill by its definition, sample by sample, without any storage format. Of two samples of a VM at the same time
 * the first counts; then samples are sorted by time, and each is billed for the usage since the previous one.
 */
export function billOf(samples: readonly BilledSample[], fromNanos?: bigint, toNanos?: bigint): PeriodUsage[] {
  const bills: PeriodUsage[] = [];
  for (const vmId of [...new Set(samples.map((sample) => sample.vmId))].sort()) {
    const own = samples.filter((sample) => sample.vmId === vmId);
    const once = own.filter((sample, at) => own.findIndex(({ timeNanos }) => timeNanos === sample.timeNanos) === at);
    once.sort((a, b) => (a.timeNanos < b.timeNanos ? -1 : 1));
    const billed = once.map((sample, at) => ({ sample, before: once[at - 1] }));
    const inPeriod = billed.filter(
      ({ sample: { timeNanos } }) =>
        (fromNanos === undefined || timeNanos >= fromNanos) && (toNanos === undefined || timeNanos < toNanos),
    );
    for (const customerId of [...new Set(inPeriod.map(({ sample }) => sample.customerId))].sort()) {
      bills.push(
        billOne(
          vmId,
          customerId,
          inPeriod.filter(({ sample }) => sample.customerId === customerId),
        ),
      );
    }
  }
  return bills;
}

interface Step {
  readonly sample: BilledSample;
  readonly before: BilledSample | undefined;
}

function billOne(vmId: string, customerId: string, steps: readonly Step[]): PeriodUsage {
  const times = steps.map(({ sample }) => sample.timeNanos);
  const memory = steps.map(({ sample }) => sample.memoryBytes);
  const passed = steps.flatMap(({ sample, before }) => (before ? [sample.timeNanos - before.timeNanos] : []));
  const growth = mapCounters((name) =>
    sum(
      steps.map(({ sample, before }) => {
        const then = before?.counters[name] ?? 0n;
        const now = sample.counters[name];
        return now >= then ? now - then : now;
      }),
    ),
  );
  return {
    vmId,
    customerId,
    isInterpolated: false,
    firstNanos: times[0] ?? 0n,
    lastNanos: times.at(-1) ?? 0n,
    sampleCount: steps.length,
    gaps: passed.filter((nanos) => nanos > 2n * minute).length,
    growth,
    memorySumBytes: sum(memory),
    memoryMaxBytes: memory.toSorted((a, b) => (a < b ? 1 : -1))[0] ?? 0n,
    memoryByteMillis: sum(
      steps.map(({ sample, before }) =>
        before === undefined || sample.timeNanos - before.timeNanos > 10n * minute
          ? 0n
          : before.memoryBytes * (sample.timeNanos / millisecond - before.timeNanos / millisecond),
      ),
    ),
  };
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n);
}
