import { close, fdatasync, fsync, open } from 'node:fs';
import { promisify } from 'node:util';
import { createDepthCount, limitFor, mostEntries, oldestBatchOf } from './depth-count.ts';
import { decodeSpoolRecord, encodeSpoolRecord, type SpoolEntry, type SpoolRecord } from './entry.ts';
import { lockFolder } from './folder-lock.ts';
import { createGroupSync } from './group-sync.ts';
import { encodeRecord } from './record.ts';
import { type Place, recoverFolder } from './recover-folder.ts';
import { createSegment, type Segment } from './segment.ts';
import { openSetAsideFile } from './set-aside-file.ts';
import type { Spool } from './spool.ts';
import { SpoolDamageError, SpoolRefusedError, unusableFolder } from './spool-error.ts';

/** What can go wrong with a spool on disk while it runs. */
export const spoolFailures = ['write', 'sync'] as const;

/** Options of `openDiskSpool`. */
export interface DiskSpoolOptions {
  readonly folder: string;
  /** Most bytes on disk. */
  readonly limitBytes: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Is told of what the file system refuses and the spool can go on without. */
  readonly onFailure: (failure: (typeof spoolFailures)[number], error: unknown) => void;
  /** Is told of each write and sync before it is made; what it throws counts as what the file system says. @default nothing */
  readonly beforeUse?: (operation: (typeof spoolFailures)[number]) => void;
  /**
   * Longest time between a write and its fsync. A crash of the process loses nothing that was stored; a power cut loses
   * what was stored in the last of these intervals. @default 1_000
   */
  readonly syncIntervalMs?: number;
  /** Bytes of batches that are kept in memory too, so that what is sent at once is not read back. @default 16 MiB */
  readonly cacheBytes?: number;
}

const mebibyte = 1024 ** 2;
const syncData = promisify(fdatasync);
const [openFile, syncFile, closeFile] = [promisify(open), promisify(fsync), promisify(close)];
const noBytes = new Uint8Array();

/**
 * Opens a spool in a folder of its own: append-only segments, each with a file of acknowledgements beside it. A segment
 * is deleted when everything in it is done with. What an earlier process has left is in `recovery`; a new process never
 * writes into its segments.
 *
 * @throws SpoolFolderError when another process uses the folder or it cannot be written to.
 */
export function openDiskSpool(options: DiskSpoolOptions): Spool {
  const { folder, limitBytes, now, onFailure, beforeUse = () => undefined } = options;
  const { syncIntervalMs = 1_000, cacheBytes = 16 * mebibyte } = options;
  const segmentBytes = Math.max(mebibyte / 16, Math.min(16 * mebibyte, limitBytes / 16), limitBytes / 256);
  const lock = lockFolder(folder);
  const { segments: found, places, roster, recovery } = orRelease(() => recoverFolder(folder));
  const segments = new Set(found);
  /** Segments with writes that are not synced; undefined stands for the folder. */
  const unsynced = new Set<Segment | undefined>();
  const setAside = openSetAsideFile(folder);
  const count = createDepthCount();
  /** Bytes of the records that are not done with, and of the batches in memory. */
  const bytes = { waiting: 0, cached: 0 };
  for (const [{ content }, { length }] of places) {
    count.add(content);
    bytes.waiting += length;
  }
  let nextSequence = (recovery.entries.at(-1)?.sequence ?? 0) + 1;
  let active = orRelease(() => beginSegment((found.at(-1)?.number ?? 0) + 1));
  const groupSync = createGroupSync({ intervalMs: syncIntervalMs, sync });
  groupSync.request();

  /** Does a part of opening. */
  function orRelease<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      lock.release();
      throw unusableFolder(folder, cause);
    }
  }

  function beginSegment(number: number): Segment {
    const segment = createSegment(folder, number);
    try {
      beforeUse('write');
      segment.append(encode({ type: 'roster', vms: roster.list() }));
    } catch (error) {
      segment.remove();
      throw error;
    }
    segments.add(segment);
    unsynced.add(undefined).add(segment);
    return segment;
  }

  /** Writes the record of an entry into the active segment. @throws what the file system says */
  function store(record: Buffer): Place {
    if (active.size > segmentBytes) active = beginSegment(active.number + 1);
    beforeUse('write');
    const place = { segment: active, offset: active.append(record), length: record.length };
    active.pending += 1;
    unsynced.add(active);
    groupSync.request();
    return place;
  }

  function forget({ segment, offset }: Place): void {
    segment.pending -= 1;
    if (segment.pending === 0) groupSync.request();
    // Without it, it is sent again after a restart, and recognised.
    tryToWrite(() => segment.markDone(offset));
  }

  /** Writes what the spool can go on without. */
  function tryToWrite(write: () => void): void {
    try {
      beforeUse('write');
      write();
    } catch (error) {
      onFailure('write', error);
    }
  }

  function remove(entry: SpoolEntry): void {
    const place = places.get(entry);
    if (place === undefined) return;
    places.delete(entry);
    count.subtract(entry.content);
    bytes.waiting -= place.length;
    bytes.cached -= place.body?.length ?? 0;
    forget(place);
  }

  async function sync(): Promise<void> {
    const written = [...unsynced];
    const newest = active.number;
    try {
      unsynced.clear();
      if (written.length > 0) beforeUse('sync');
      await Promise.all(written.map((segment) => (segment ? syncData(segment.descriptor) : syncFolder(folder))));
      // The newest roster is on disk, and everything that was copied out of old segments.
      for (const segment of segments) {
        if (segment.pending > 0 || segment.number >= newest) continue;
        segments.delete(segment);
        segment.remove();
      }
      await moveOutOfOldest();
    } catch (error) {
      for (const segment of written) unsynced.add(segment);
      onFailure('sync', error);
      groupSync.request();
    }
  }

  /** One VM that is stuck must not keep a disk full of what the others are done with: its entries move. */
  async function moveOutOfOldest(): Promise<void> {
    const [oldest] = segments;
    const used = usedBytes();
    if (oldest === undefined || oldest === active || used < limitBytes / 4 || bytes.waiting > used / 4) return;
    for (const [entry, place] of places) {
      if (place.segment !== oldest) continue;
      const body = await bodyAt(place).catch(ignoreDamage);
      // It may be done with by now; a damaged one is found out, and counted, when its turn comes.
      if (body === undefined || places.get(entry) !== place) continue;
      const copy = store(encode({ type: 'copy', entry, body }));
      places.set(entry, { ...copy, ...(place.body && { body: place.body }) });
      bytes.waiting += copy.length - place.length;
      forget(place);
    }
  }

  async function bodyAt({ segment, offset, length, body }: Place): Promise<Uint8Array> {
    if (body !== undefined) return body;
    const record = decodeSpoolRecord(await segment.read(offset, length));
    return 'body' in record ? record.body : noBytes;
  }

  function usedBytes(): number {
    let sum = 0;
    for (const { size } of segments) sum += size;
    return sum;
  }

  return {
    isDurable: true,
    recovery,
    get depth() {
      const { batches, samples } = count;
      const oldestBatchAtMs = oldestBatchOf(places.keys());
      return { entries: places.size, batches, samples, bytes: usedBytes(), limitBytes, oldestBatchAtMs };
    },
    waiting: () => places.keys(),
    append(content, trace, body = noBytes) {
      const entry = { sequence: nextSequence, storedAtMs: now(), content, trace };
      const record = encode({ type: 'entry', entry, body });
      const used = usedBytes();
      if (used + record.length > limitFor(content, limitBytes) || places.size >= limitFor(content, mostEntries)) {
        throw new SpoolRefusedError('spool_full', `${places.size} entries wait, in ${used} bytes; no more is taken`);
      }
      let place: Place;
      try {
        place = store(record);
      } catch (cause) {
        onFailure('write', cause);
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new SpoolRefusedError('spool_unwritable', `cannot write to ${folder}: ${reason}`, { cause });
      }
      nextSequence += 1;
      if (bytes.cached + body.length <= cacheBytes) {
        place.body = body;
        bytes.cached += body.length;
      }
      places.set(entry, place);
      count.add(content);
      bytes.waiting += place.length;
      roster.note(content);
      return entry;
    },
    async read(entry) {
      const place = places.get(entry);
      if (place === undefined) throw new SpoolDamageError(`entry ${entry.sequence} is not in the spool`);
      return bodyAt(place);
    },
    remove,
    setAside(entry, body) {
      tryToWrite(() => setAside.keep(entry, body));
      remove(entry);
    },
    async close() {
      tryToWrite(() => active.append(encode({ type: 'end' })));
      await groupSync.finish();
      for (const segment of segments) segment.close();
      setAside.close();
      lock.release();
    },
  };
}

function ignoreDamage(error: unknown): undefined {
  if (!(error instanceof SpoolDamageError)) throw error;
}

function encode(record: SpoolRecord): Buffer {
  return encodeRecord(encodeSpoolRecord(record));
}

/** A new file is on disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const descriptor = await openFile(folder, 'r');
  try {
    await syncFile(descriptor);
  } finally {
    await closeFile(descriptor);
  }
}
