import type { ColumnBatch } from './sample-columns.ts';

/** The cumulative counters of a VM, or what each has grown by over a time. */
export interface UsageCounters {
  readonly cpuNanos: bigint;
  readonly diskReadBytes: bigint;
  readonly diskWriteBytes: bigint;
  readonly networkRxBytes: bigint;
  readonly networkTxBytes: bigint;
}

/** What became of a batch. */
export interface Appended {
  /** Samples that are billed now. */
  readonly accepted: number;
  /** Samples whose time was covered already; they are billed once. */
  readonly duplicates: number;
  /** Samples from before the retention, whose period is closed; they are not billed any more. */
  readonly closed: number;
}

/** What was used over a time. */
export interface Used {
  readonly sampleCount: number;
  /** Times of more than two minutes between two samples. */
  readonly gaps: number;
  readonly growth: UsageCounters;
  readonly memorySumBytes: bigint;
  readonly memoryMaxBytes: bigint;
  /** Memory over time: bytes times the milliseconds for which they were in use. A gap over ten minutes counts nothing. */
  readonly memoryByteMillis: bigint;
}

/** What a VM has used since it was first seen, whoever pays. Times are Unix nanoseconds. */
export interface VmUsage extends Used {
  readonly vmId: string;
  readonly customerId: string;
  /** Time of the earliest start notice or, without one, of the first sample. */
  readonly startNanos: bigint;
  /** Time of the last sample; the start when there is none. */
  readonly endNanos: bigint;
}

/** Asks what was used. Without bounds: since ever. */
export interface UsageQuery {
  readonly customerId?: string | undefined;
  readonly vmId?: string | undefined;
  /** Begin and end of the period in Unix seconds, the end not included; both whole numbers. */
  readonly fromSeconds?: number | undefined;
  readonly toSeconds?: number | undefined;
  /** The `next` of the page before this one. */
  readonly after?: string | undefined;
  /** Most VMs on a page. @default 1000 */
  readonly limit?: number | undefined;
}

/** What one VM used in a period on behalf of one customer. Times are those of its samples, in Unix nanoseconds. */
export interface PeriodUsage extends Used {
  readonly vmId: string;
  readonly customerId: string;
  readonly firstNanos: bigint;
  readonly lastNanos: bigint;
  /**
   * Whether a bound of the period cut a run, whose single samples are not known any more: they were shared out as if they
   * were evenly spaced and alike. Never in a period of whole hours.
   */
  readonly isInterpolated: boolean;
}

/** A part of an answer, ordered by VM, then by customer. A VM is never spread over two pages. */
export interface UsagePage {
  readonly rows: readonly PeriodUsage[];
  /** Where the next page begins; `undefined` on the last one. */
  readonly next: string | undefined;
}

/** What a ledger takes on the disk of this machine; read anew each time. */
export interface DiskUse {
  /** Bytes that the ledger takes, what it has not put in its place yet included. */
  readonly usedBytes: number;
  /** Bytes that are left on its disk for this process; `undefined` for a ledger in memory. */
  readonly freeBytes: number | undefined;
}

/** A notice that a VM has started or stopped, or that samples may be missing. Times are Unix nanoseconds. */
export interface StartNotice {
  readonly vmId: string;
  readonly customerId: string;
  readonly startNanos: bigint;
}
export interface StopNotice {
  readonly vmId: string;
  readonly stopNanos: bigint;
}
export interface GapNotice {
  readonly vmId: string;
  readonly lastSentNanos: bigint;
  readonly resumeNanos: bigint;
}

/** Who has done the work of a period: this call, an earlier one, or nobody yet, since another billaged is at it. */
export type SharedWorkResult = 'done' | 'done before' | 'busy';

/**
 * Keeps what VMs have used. A promise of it resolves when what it was asked to keep is on disk.
 *
 * The bill is a function of the samples, not of the batches that brought them: order, repetition, overlap and the way in
 * which samples are split into batches make no difference.
 *
 * @throws LedgerUnavailableError from every method when the disk is full or fails; what was asked for did not happen, and
 * may be asked for again.
 */
export interface UsageLedger {
  /**
   * VMs that are tracked now: started or seen in a batch, and not stopped. Those that other billageds on the same ledger
   * have begun or ended to track are seen some seconds later.
   */
  readonly activeVms: number;
  /** What it takes on disk; left out by a ledger that another machine keeps. */
  readonly disk?: DiskUse;
  /** Accounts for a batch. The columns may be used again as soon as this has returned its promise. */
  append(batch: ColumnBatch): Promise<Appended>;
  /** Begins to track a VM and says whom its later summaries name. */
  start(notice: StartNotice): Promise<void>;
  /** Ends tracking a VM and gives what it has used; `undefined` for one that is not tracked. */
  stop(notice: StopNotice): Promise<VmUsage | undefined>;
  /** Keeps a notice of missing samples. */
  gap(notice: GapNotice): Promise<void>;
  /** What each tracked VM has used; with a time, only those that had a sample or a start since. */
  tracked(activeSinceNanos?: bigint): AsyncIterable<VmUsage>;
  /**
   * What was used in a period.
   *
   * @throws RangeError for a period that does not begin and end on whole seconds.
   */
  usage(query: UsageQuery): Promise<UsagePage>;
  /**
   * Closes the hours before a time: what is in them is compacted into totals, which changes no bill, and samples that come
   * for them later are not billed any more.
   */
  closeBefore(unixSeconds: number): Promise<void>;
  /**
   * Does the work of a period once, whichever of the billageds that share the ledger asks for it. One that ends within its
   * work leaves it to the others some seconds later, so what was done by then is done again. A ledger of one billaged
   * does whatever it is asked for.
   *
   * @param period number of the period; once it is done, none that is lower is
   * @throws what the work throws; then the period is not done
   */
  oncePerPeriod(task: string, period: number, work: () => Promise<void>): Promise<SharedWorkResult>;
  /** Resolves when the ledger can be written. */
  check(): Promise<void>;
  /** Waits for what is not on disk yet, then closes. */
  close(): Promise<void>;
}
