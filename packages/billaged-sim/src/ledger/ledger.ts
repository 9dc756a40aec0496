/** One sample of a VM. Times are Unix nanoseconds; counters are cumulative since the VM was booted. */
export interface UsageSample {
  readonly timeNanos: bigint;
  readonly counters: UsageCounters;
  readonly memoryBytes: bigint;
}

/** The cumulative counters of a sample, and the growth of each over a time. */
export interface UsageCounters {
  readonly cpuNanos: bigint;
  readonly diskReadBytes: bigint;
  readonly diskWriteBytes: bigint;
  readonly networkRxBytes: bigint;
  readonly networkTxBytes: bigint;
}

/** Samples of one VM, oldest first. */
export interface UsageBatch {
  readonly vmId: string;
  readonly customerId: string;
  readonly samples: readonly UsageSample[];
}

/** What became of a batch. */
export interface Appended {
  /** Samples that are billed now. */
  readonly accepted: number;
  /** Samples whose time was covered already; they are billed once. */
  readonly duplicates: number;
}

/** What a VM has used since it was first seen. */
export interface VmUsage {
  readonly vmId: string;
  readonly customerId: string;
  /** Time of the start notice or, without one, of the first sample. */
  readonly startNanos: bigint;
  /** Time of the last sample; the start when there is none. */
  readonly endNanos: bigint;
  readonly sampleCount: number;
  readonly growth: UsageCounters;
  readonly memorySumBytes: bigint;
  readonly memoryMaxBytes: bigint;
}

/** Keeps what VMs have used. */
export interface UsageLedger {
  /** VMs that are tracked now. */
  readonly activeVms: number;
  /** Accounts for a batch. When this returns, the batch counts. */
  append(batch: UsageBatch): Appended;
  /** Begins to track a VM. */
  start(vm: { readonly vmId: string; readonly customerId: string; readonly startNanos: bigint }): void;
  /** Ends tracking a VM and gives what it has used; `undefined` for one that is not tracked. */
  stop(vmId: string): VmUsage | undefined;
  /** What each tracked VM has used. */
  usage(): Iterable<VmUsage>;
}
