import { messageOf } from '@vmobs/settings';
import type { GapNotice } from '../messages.ts';
import { createDeadLetterFile } from './dead-letter-file.ts';
import { limitFor, mostEntries } from './depth-count.ts';
import { createDiskEntries, type spoolFailures } from './disk-entries.ts';
import type { EntryContent } from './entry.ts';
import { lockFolder } from './folder-lock.ts';
import { recoverFolder } from './recover-folder.ts';
import { encode, openSegmentSet } from './segment-set.ts';
import type { Spool } from './spool.ts';
import { SpoolDamageError, SpoolRefusedError, unusableFolder } from './spool-error.ts';
import { bodyAt, createWaitingEntries, noBytes } from './waiting-entries.ts';

/** Options of `openDiskSpool`. */
export interface DiskSpoolOptions {
  readonly folder: string;
  /** Most bytes on disk. */
  readonly limitBytes: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Called for each failed operation that the spool can go on without. */
  readonly onFailure: (failure: (typeof spoolFailures)[number], error: unknown) => void;
  /** Is called before each write and sync; what it throws counts as an error of the file system. @default nothing */
  readonly beforeUse?: (operation: (typeof spoolFailures)[number]) => void;
  /**
   * Longest time between a write and its fsync. A crash of the process loses nothing that was stored; a power failure
   * loses what was stored in the last of these intervals. @default 1_000
   */
  readonly syncIntervalMs?: number;
  /** Bytes of batches that are also kept in memory, so that what is sent at once is not read back. @default 16 MiB */
  readonly cacheBytes?: number;
}

const mebibyte = 1024 ** 2;

/**
 * Opens a spool in its own folder: append-only segments, each with a file of acknowledgements beside it. A segment is
 * deleted when all its entries are removed. What an earlier process has left is in `recovery`; a new process never appends
 * to its segments.
 *
 * @throws SpoolFolderError when another process uses the folder or it cannot be written to.
 */
export function openDiskSpool(options: DiskSpoolOptions): Spool {
  const { folder, limitBytes, now, onFailure, beforeUse = () => undefined } = options;
  const { syncIntervalMs = 1_000, cacheBytes = 16 * mebibyte } = options;
  const lock = lockFolder(folder);
  const { segments, places, liveVmTable, recovery } = orRelease(() => openFolder({ folder, limitBytes, beforeUse }));
  const deadLetters = createDeadLetterFile(folder);
  const waiting = createWaitingEntries(places, cacheBytes);
  const stored = createDiskEntries({ segments, waiting, limitBytes, syncIntervalMs, beforeUse, onFailure });
  let nextSequence = (recovery.entries.at(-1)?.sequence ?? 0) + 1;
  let untoldGaps: readonly GapNotice[] = [];
  let closing: Promise<void> | undefined;

  function orRelease<T>(open: () => T): T {
    try {
      return open();
    } catch (cause) {
      lock.release();
      throw unusableFolder(folder, cause);
    }
  }

  /** @throws SpoolRefusedError when a record of this length would exceed a limit */
  function requireRoom(content: EntryContent, length: number): void {
    const used = segments.usedBytes;
    if (used + length <= limitFor(content, limitBytes) && waiting.size < limitFor(content, mostEntries)) return;
    throw new SpoolRefusedError('spool_full', `${waiting.size} entries wait in ${used} bytes, which is the limit`);
  }

  async function closeAll(): Promise<void> {
    await stored.close(untoldGaps);
    lock.release();
  }

  return {
    isDurable: true,
    recovery,
    get depth() {
      const { size, batches, samples, oldestBatchAtMs } = waiting;
      return { entries: size, batches, samples, bytes: segments.usedBytes, limitBytes, oldestBatchAtMs };
    },
    waiting: waiting.entries,
    append(content, trace, body = noBytes) {
      const entry = { sequence: nextSequence, storedAtMs: now(), content, trace };
      const record = encode({ type: 'entry', entry, body });
      requireRoom(content, record.length);
      try {
        stored.store(entry, record, body);
      } catch (cause) {
        onFailure('write', cause);
        const reason = messageOf(cause);
        throw new SpoolRefusedError('spool_unwritable', `cannot write to ${folder}: ${reason}`, { cause });
      }
      nextSequence += 1;
      liveVmTable.note(content);
      return entry;
    },
    async read(entry) {
      const place = waiting.placeOf(entry);
      if (place === undefined) throw new SpoolDamageError(`entry ${entry.sequence} is not in the spool`);
      return bodyAt(place);
    },
    remove: stored.remove,
    deadLetter(entry, body) {
      stored.tryToWrite(() => deadLetters.keep(entry, body));
      stored.remove(entry);
    },
    keepGaps(gaps) {
      untoldGaps = gaps;
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

/** Recovers a folder and begins a new segment in it. @throws the error of the file system */
function openFolder({
  folder,
  limitBytes,
  beforeUse,
}: Required<Pick<DiskSpoolOptions, 'folder' | 'limitBytes' | 'beforeUse'>>) {
  const segmentBytes = Math.max(mebibyte / 16, Math.min(16 * mebibyte, limitBytes / 16), limitBytes / 256);
  const { segments: found, ...recovered } = recoverFolder(folder);
  const segments = openSegmentSet({ folder, found, segmentBytes, liveVms: recovered.liveVmTable, beforeUse });
  return { ...recovered, segments };
}
