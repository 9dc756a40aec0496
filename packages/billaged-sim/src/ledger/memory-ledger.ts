import type { Appended, UsageBatch, UsageCounters, UsageLedger, UsageSample, VmUsage } from './ledger.ts';

interface Account {
  readonly vmId: string;
  customerId: string;
  startNanos: bigint;
  last: UsageSample | undefined;
  sampleCount: number;
  growth: UsageCounters;
  memorySumBytes: bigint;
  memoryMaxBytes: bigint;
}

const zero: UsageCounters = {
  cpuNanos: 0n,
  diskReadBytes: 0n,
  diskWriteBytes: 0n,
  networkRxBytes: 0n,
  networkTxBytes: 0n,
};

/**
 * Makes a ledger that lives as long as the process.
 *
 * Samples count in the order of their time: one that is not later than the last of its VM is a duplicate. A counter that
 * fell was reset, so all of its new value is growth; the first sample of a VM counts from zero.
 */
export function createMemoryLedger(): UsageLedger {
  const accounts = new Map<string, Account>();

  function accountOf(vmId: string, customerId: string, startNanos: bigint): Account {
    let account = accounts.get(vmId);
    if (account === undefined) {
      account = {
        vmId,
        customerId,
        startNanos,
        last: undefined,
        sampleCount: 0,
        growth: zero,
        memorySumBytes: 0n,
        memoryMaxBytes: 0n,
      };
      accounts.set(vmId, account);
    }
    return account;
  }

  return {
    get activeVms() {
      return accounts.size;
    },
    append({ vmId, customerId, samples }: UsageBatch): Appended {
      const first = samples[0];
      if (first === undefined) return { accepted: 0, duplicates: 0 };
      const account = accountOf(vmId, customerId, first.timeNanos);
      const accepted = samples.filter((sample) => addSample(account, sample)).length;
      return { accepted, duplicates: samples.length - accepted };
    },
    start({ vmId, customerId, startNanos }) {
      const account = accountOf(vmId, customerId, startNanos);
      account.customerId = customerId;
      if (startNanos < account.startNanos) account.startNanos = startNanos;
    },
    stop(vmId) {
      const account = accounts.get(vmId);
      accounts.delete(vmId);
      return account && usageOf(account);
    },
    usage: () => Array.from(accounts.values(), usageOf),
  };
}

/** Adds a sample unless its time is covered. */
function addSample(account: Account, sample: UsageSample): boolean {
  const { last, growth } = account;
  if (last !== undefined && sample.timeNanos <= last.timeNanos) return false;
  account.growth = {
    cpuNanos: grow(growth, last, sample, 'cpuNanos'),
    diskReadBytes: grow(growth, last, sample, 'diskReadBytes'),
    diskWriteBytes: grow(growth, last, sample, 'diskWriteBytes'),
    networkRxBytes: grow(growth, last, sample, 'networkRxBytes'),
    networkTxBytes: grow(growth, last, sample, 'networkTxBytes'),
  };
  account.last = sample;
  account.sampleCount += 1;
  account.memorySumBytes += sample.memoryBytes;
  if (sample.memoryBytes > account.memoryMaxBytes) account.memoryMaxBytes = sample.memoryBytes;
  return true;
}

function grow(
  growth: UsageCounters,
  last: UsageSample | undefined,
  { counters }: UsageSample,
  name: keyof UsageCounters,
): bigint {
  const before = last?.counters[name] ?? 0n;
  const now = counters[name];
  return growth[name] + (now < before ? now : now - before);
}

function usageOf({
  vmId,
  customerId,
  startNanos,
  last,
  sampleCount,
  growth,
  memorySumBytes,
  memoryMaxBytes,
}: Account): VmUsage {
  return {
    vmId,
    customerId,
    startNanos,
    endNanos: last?.timeNanos ?? startNanos,
    sampleCount,
    growth,
    memorySumBytes,
    memoryMaxBytes,
  };
}
