import type { EntryContent, LiveVm, SpoolEntry } from './entry.ts';

/** How much waits in a spool. */
export interface SpoolDepth {
  /** Batches and notices. */
  readonly entries: number;
  readonly batches: number;
  /** Samples in those batches. */
  readonly samples: number;
  /** Bytes that it takes on disk, or in memory; what is done with counts until it is deleted. */
  readonly bytes: number;
  /** Most bytes that it may take. */
  readonly limitBytes: number;
  /** When the oldest batch was stored, Unix milliseconds; undefined when there is none. */
  readonly oldestBatchAtMs: number | undefined;
}

/** What an earlier process has left in a spool. */
export interface Recovery {
  /** What was not acknowledged, in order. */
  readonly entries: readonly SpoolEntry[];
  /** VMs that were alive when that process ended. */
  readonly liveVms: readonly LiveVm[];
  /** Whether it ended in order; otherwise samples of the last moments may be missing. */
  readonly endedInOrder: boolean;
  /** Stretches of the files that cannot be read: at least as many entries are lost. */
  readonly damagedStretches: number;
  /** Bytes of writes that were cut off; they were never acknowledged as stored. */
  readonly tornBytes: number;
}

/** Keeps batches and notices until billaged has acknowledged them. */
export interface Spool {
  /** Whether what is stored outlives the process. */
  readonly isDurable: boolean;
  readonly depth: SpoolDepth;
  readonly recovery: Recovery;
  /** Everything that waits, oldest first. */
  waiting(): Iterable<SpoolEntry>;
  /**
   * Stores an entry. When this returns, a death of the process does not lose it.
   *
   * @param body the bytes of a batch; nothing for a notice
   * @throws SpoolRefusedError when the spool is full or cannot be written to
   */
  append(content: EntryContent, trace: SpoolEntry['trace'], body?: Uint8Array): SpoolEntry;
  /** The bytes of a batch. @throws SpoolDamageError when they cannot be read back */
  read(entry: SpoolEntry): Promise<Uint8Array>;
  /** Forgets an entry: it was acknowledged, or given up. */
  remove(entry: SpoolEntry): void;
  /** Keeps a batch that billaged refuses where a person finds it, and forgets it. */
  setAside(entry: SpoolEntry, body: Uint8Array): void;
  /** Writes everything out and releases the folder. */
  close(): Promise<void>;
}
