import { CommandError } from '@vmobs/settings';
import type { ColumnBatch } from './sample-columns.ts';
import type { Usage } from './usage.ts';

/** The outcome of a batch. */
export interface Appended {
  /** New samples, which are billed. */
  readonly accepted: number;
  /** Samples whose time was already covered; they are not billed again. */
  readonly duplicates: number;
  /** Samples in sealed hours; they are rejected. */
  readonly sealed: number;
}

/** Usage of a VM since it was first seen, for all its customers together. Times are Unix nanoseconds. */
export interface VmUsage extends Usage {
  readonly vmId: string;
  readonly customerId: string;
  /** Time of the earliest start notice or, without one, of the first sample. */
  readonly startNanos: bigint;
  /** Time of the last sample; the start when there is none. */
  readonly endNanos: bigint;
}

/** A query for usage. Without bounds, it covers all time. */
export interface UsageQuery {
  readonly customerId?: string | undefined;
  readonly vmId?: string | undefined;
  /** Start and end (exclusive) of the period in whole Unix seconds. */
  readonly fromSeconds?: number | undefined;
  readonly toSeconds?: number | undefined;
  /** The `next` of the previous page. */
  readonly after?: string | undefined;
  /** Maximum number of VMs on a page. @default 1000 */
  readonly limit?: number | undefined;
}

/** Usage of one VM in a period, billed to one customer. Times are those of its samples, in Unix nanoseconds. */
export interface PeriodUsage extends Usage {
  readonly vmId: string;
  readonly customerId: string;
  readonly firstNanos: bigint;
  readonly lastNanos: bigint;
  /**
   * Whether a bound of the period cuts a segment whose single samples are no longer known. Its usage is then split as if the
   * samples were evenly spaced and equal. Never in a period of whole quarters of an
   * hour, except for segments that an earlier version has stored.
   */
  readonly isInterpolated: boolean;
}

/** A page of the result, ordered by VM, then by customer. The rows of a VM are never split over two pages. */
export interface UsagePage {
  readonly rows: readonly PeriodUsage[];
  /** Pass it as `after` for the next page; `undefined` on the last page. */
  readonly next: string | undefined;
}

/** Disk usage of a ledger on this machine; each access reads the current value. */
export interface DiskUse {
  /** Bytes of the ledger, including its write-ahead log. */
  readonly usedBytes: number;
  /** Free bytes on its disk for this process; `undefined` for a ledger in memory. */
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

/** Who did the work of a period: this call, an earlier call, or nobody yet, because another billaged is still working on it. */
export type SharedWorkResult = 'done' | 'done before' | 'busy';

/**
 * Stores the usage of VMs. A promise of a write resolves when the data is on disk.
 *
 * The bill depends on the samples only, not on the batches that brought them: order, repetition, overlap and the way samples
 * are split into batches make no difference.
 *
 * @throws LedgerUnavailableError from every method when the disk is full or fails; nothing was changed then, and the call
 * can be repeated.
 */
export interface UsageLedger {
  /**
   * Number of tracked VMs: started or seen in a batch, and not stopped. Changes by other billageds on the same ledger show up
   * some seconds later.
   */
  readonly activeVms: number;
  /** Disk usage; absent when the ledger is on another machine. */
  readonly disk?: DiskUse;
  /** Stores a batch. The caller may reuse the columns as soon as this has returned its promise. */
  append(batch: ColumnBatch): Promise<Appended>;
  /** Starts tracking a VM and sets the customer that its summaries name. */
  start(notice: StartNotice): Promise<void>;
  /** Stops tracking a VM and returns its usage; `undefined` if it is not tracked. */
  stop(notice: StopNotice): Promise<VmUsage | undefined>;
  /** Stores a notice of missing samples. */
  gap(notice: GapNotice): Promise<void>;
  /** Usage of each tracked VM; with a time, only of those with a sample or a start since then. */
  tracked(activeSinceNanos?: bigint): AsyncIterable<VmUsage>;
  /**
   * Usage in a period.
   *
   * @throws RangeError for a period that does not begin and end on whole seconds.
   */
  usage(query: UsageQuery): Promise<UsagePage>;
  /**
   * Seals the hours before a time: their segments are compacted into rollups, which changes no bill, and later samples for
   * them are rejected.
   */
  sealBefore(unixSeconds: number): Promise<void>;
  /**
   * Does the work of a period once for all billageds that share the ledger. When a billaged ends during the work, another one
   * takes over some seconds later and does it again from the start. A ledger of a single billaged always does the work.
   *
   * @param period number of the period; once it is done, lower ones are not done any more
   * @throws what the work throws; the period is then not done
   */
  oncePerPeriod(task: string, period: number, work: () => Promise<void>): Promise<SharedWorkResult>;
  /**
   * Copies the ledger to a file with everything that was acknowledged before the call, while it goes on; absent when it is in
   * memory or on another machine.
   */
  backUp?(path: string): Promise<void>;
  /** Resolves when the ledger can be written. */
  check(): Promise<void>;
  /** Waits for pending writes, then closes. */
  close(): Promise<void>;
}

/** The ledger cannot be written or read now: disk full, disk failure, or closed. The same request may succeed later. */
export class LedgerUnavailableError extends Error {
  override readonly name = 'LedgerUnavailableError';
}

/** The ledger cannot be opened; the message says how to fix it. */
export class LedgerOpenError extends CommandError {
  override readonly name = 'LedgerOpenError';
}

/** The path that stands for a ledger in memory. */
export const inMemory = ':memory:';

/** Default path of the ledger file. */
export const defaultFile = '~/.local/state/billaged-sim/billaged.db';
