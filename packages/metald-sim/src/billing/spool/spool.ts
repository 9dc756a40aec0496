import type { GapNotice } from '../messages.ts';
import type { EntryContent, LiveVm, SpoolEntry } from './entry.ts';

/** How much a spool contains. */
export interface SpoolDepth {
  /** Batches and notices. */
  readonly entries: number;
  readonly batches: number;
  /** Samples in those batches. */
  readonly samples: number;
  /** Bytes on disk, or in memory; removed entries count until their file is deleted. */
  readonly bytes: number;
  /** Most bytes that it may take. */
  readonly limitBytes: number;
  /** When the oldest batch was stored, Unix milliseconds; undefined when there is none. */
  readonly oldestBatchAtMs: number | undefined;
}

/** What a spool has recovered from an earlier process. */
export interface Recovery {
  /** Entries that were not acknowledged, in order. */
  readonly entries: readonly SpoolEntry[];
  /** VMs that were alive when that process ended. */
  readonly liveVms: readonly LiveVm[];
  /** Gaps that billaged was not told of, because there was no room for their notices until the normal end of that process. */
  readonly gaps: readonly GapNotice[];
  /** Whether it ended normally; otherwise its last samples may be missing. */
  readonly endedInOrder: boolean;
  /** Corrupt places of the files: at least this many entries are lost. */
  readonly corruptions: number;
  /** Bytes of incomplete writes; they never counted as stored. */
  readonly tornBytes: number;
}

/** Keeps batches and notices until billaged has acknowledged them. */
export interface Spool {
  /** Whether entries outlive the process. */
  readonly isDurable: boolean;
  readonly depth: SpoolDepth;
  readonly recovery: Recovery;
  /** All entries, oldest first. */
  waiting(): Iterable<SpoolEntry>;
  /**
   * Stores an entry. When this returns, a crash of the process does not lose it if the spool is durable.
   *
   * @param body the bytes of a batch; nothing for a notice
   * @throws SpoolRefusedError when the spool is full or cannot be written to
   */
  append(content: EntryContent, trace: SpoolEntry['trace'], body?: Uint8Array): SpoolEntry;
  /** The bytes of a batch. @throws SpoolDamageError when they cannot be read back */
  read(entry: SpoolEntry): Promise<Uint8Array>;
  /** Removes an entry: it was acknowledged, or is lost. */
  remove(entry: SpoolEntry): void;
  /** Moves a batch that billaged rejects to the dead letters, where a person can find it. */
  deadLetter(entry: SpoolEntry, body: Uint8Array): void;
  /** Takes the gaps whose notices could not be stored: when a durable spool is closed, it keeps them for the next process. */
  keepGaps(gaps: readonly GapNotice[]): void;
  /** Writes everything out and releases the folder. Closing twice closes once. */
  close(): Promise<void>;
}
