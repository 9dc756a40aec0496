import type { GapNotice } from '../messages.ts';
import type { SpoolEntry } from './entry.ts';
import { createGroupSync } from './group-sync.ts';
import type { Place } from './recover-folder.ts';
import { encode, type SegmentSet } from './segment-set.ts';
import { SpoolDamageError } from './spool-error.ts';
import { bodyAt, type WaitingEntries } from './waiting-entries.ts';

/** Operations of a spool on disk that can fail while it runs. */
export const spoolFailures = ['write', 'sync'] as const;

/** Stores entries in segments and removes them, and continues after each failure but that of a new entry. */
export interface DiskEntries {
  /** Stores an entry. @param record its record, encoded @throws the error of the file system */
  store(entry: SpoolEntry, record: Buffer, body: Uint8Array): void;
  /** Removes an entry; one that was removed before is ignored. */
  remove(entry: SpoolEntry): void;
  /** Makes a write that the spool can go on without. */
  tryToWrite(write: () => void): void;
  /** Writes the record of a normal end, syncs everything and closes the segments. @param gaps those that were not told */
  close(gaps: readonly GapNotice[]): Promise<void>;
}

/** Options of `createDiskEntries`. */
export interface DiskEntriesOptions {
  readonly segments: SegmentSet;
  readonly waiting: WaitingEntries;
  /** Most bytes on disk. */
  readonly limitBytes: number;
  /** Longest time between a write and its fsync. */
  readonly syncIntervalMs: number;
  /** Is called before each write that can fail; what it throws counts as an error of the file system. */
  readonly beforeUse: (operation: 'write') => void;
  /** Is told of each failed operation that the spool can go on without. */
  readonly onFailure: (failure: (typeof spoolFailures)[number], error: unknown) => void;
}

/** Begins to sync what is appended to the segments. */
export function createDiskEntries(options: DiskEntriesOptions): DiskEntries {
  const { segments, waiting, limitBytes, syncIntervalMs, beforeUse, onFailure } = options;
  const groupSync = createGroupSync({ intervalMs: syncIntervalMs, sync });
  groupSync.request();

  function append(record: Buffer): Place {
    const place = segments.append(record);
    groupSync.request();
    return place;
  }

  function forget({ segment, offset }: Place): void {
    segment.pending -= 1;
    if (segment.pending === 0) groupSync.request();
    // If this write fails, the entry is sent again after a restart, and billaged detects the duplicate.
    tryToWrite(() => segment.markDone(offset));
  }

  function tryToWrite(write: () => void): void {
    try {
      beforeUse('write');
      write();
    } catch (error) {
      onFailure('write', error);
    }
  }

  async function sync(): Promise<void> {
    try {
      await segments.sync();
      await moveOutOfOldest();
    } catch (error) {
      onFailure('sync', error);
      groupSync.request();
    }
  }

  /** Copies the entries of the oldest segment to a new one: a VM that is stuck must not keep acknowledged data on disk. */
  async function moveOutOfOldest(): Promise<void> {
    const { oldest, usedBytes } = segments;
    if (oldest === undefined || usedBytes < limitBytes / 4 || waiting.recordBytes > usedBytes / 4) return;
    for (const [entry, place] of waiting.inSegment(oldest)) {
      const body = await bodyAt(place).catch(ignoreDamage);
      // It may be removed by now; a corrupt one is detected and counted when it is delivered.
      if (body === undefined || waiting.placeOf(entry) !== place) continue;
      waiting.move(entry, place, append(encode({ type: 'copy', entry, body })));
      forget(place);
    }
  }

  return {
    store: (entry, record, body) => waiting.add(entry, append(record), body),
    remove(entry) {
      const place = waiting.remove(entry);
      if (place !== undefined) forget(place);
    },
    tryToWrite,
    async close(gaps) {
      tryToWrite(() => segments.appendEnd(gaps));
      await groupSync.finish();
      segments.close();
    },
  };
}

function ignoreDamage(error: unknown): undefined {
  if (!(error instanceof SpoolDamageError)) throw error;
}
