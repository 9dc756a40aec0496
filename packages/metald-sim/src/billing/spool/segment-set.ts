import { close, fdatasync, fsync, open } from 'node:fs';
import { promisify } from 'node:util';
import type { GapNotice } from '../messages.ts';
import { encodeSpoolRecord, type SpoolRecord } from './entry.ts';
import type { LiveVmTable } from './live-vm-table.ts';
import { encodeRecord } from './record.ts';
import type { Place } from './recover-folder.ts';
import { createSegment, type Segment } from './segment.ts';

const syncData = promisify(fdatasync);
const [openFile, syncFile, closeFile] = [promisify(open), promisify(fsync), promisify(close)];

/** The segments of a folder. Records are appended to the newest, and segments without entries are deleted. */
export interface SegmentSet {
  /** Bytes of all segments. */
  readonly usedBytes: number;
  /** The oldest segment, unless records are still appended to it. */
  readonly oldest: Segment | undefined;
  /** Appends the record of an entry, in a new segment when the newest is full. @throws the error of the file system */
  append(record: Buffer): Place;
  /** Appends the record of a normal end. @param gaps those that were not told @throws the error of the file system */
  appendEnd(gaps: readonly GapNotice[]): void;
  /** Syncs all writes, then deletes segments whose entries are all removed. @throws the error of the file system */
  sync(): Promise<void>;
  close(): void;
}

/** Options of `openSegmentSet`. */
export interface SegmentSetOptions {
  readonly folder: string;
  /** Segments of earlier processes, oldest first. Nothing is appended to them. */
  readonly found: readonly Segment[];
  /** Size at which a segment is full. */
  readonly segmentBytes: number;
  /** Is written at the beginning of each segment, so that older ones can be deleted. */
  readonly liveVms: LiveVmTable;
  /** Is called before each write and sync; what it throws counts as an error of the file system. */
  readonly beforeUse: (operation: 'write' | 'sync') => void;
}

/** Begins a new segment beside those of earlier processes. @throws the error of the file system */
export function openSegmentSet({ folder, found, segmentBytes, liveVms, beforeUse }: SegmentSetOptions): SegmentSet {
  const segments = new Set(found);
  /** Segments with writes that are not synced yet; undefined stands for the folder. */
  const unsynced = new Set<Segment | undefined>();
  let newest = begin((found.at(-1)?.number ?? 0) + 1);

  function begin(number: number): Segment {
    const segment = createSegment(folder, number);
    try {
      beforeUse('write');
      segment.append(encode({ type: 'roster', vms: liveVms.list() }));
    } catch (error) {
      segment.remove();
      throw error;
    }
    segments.add(segment);
    unsynced.add(undefined).add(segment);
    return segment;
  }

  async function syncWrites(): Promise<void> {
    const written = [...unsynced];
    unsynced.clear();
    try {
      if (written.length > 0) beforeUse('sync');
      await Promise.all(written.map((segment) => (segment ? syncData(segment.descriptor) : syncFolder(folder))));
    } catch (error) {
      for (const segment of written) unsynced.add(segment);
      throw error;
    }
  }

  return {
    get usedBytes() {
      let sum = 0;
      for (const { size } of segments) sum += size;
      return sum;
    },
    get oldest() {
      const [oldest] = segments;
      return oldest === newest ? undefined : oldest;
    },
    append(record) {
      if (newest.size > segmentBytes) newest = begin(newest.number + 1);
      beforeUse('write');
      const place = { segment: newest, offset: newest.append(record), length: record.length };
      newest.pending += 1;
      unsynced.add(newest);
      return place;
    },
    appendEnd: (gaps) => void newest.append(encode({ type: 'end', ...(gaps.length > 0 && { gaps }) })),
    async sync() {
      const { number } = newest;
      await syncWrites();
      // The newest list of live VMs is on disk now, and everything that was copied out of old segments.
      for (const segment of segments) {
        if (segment.pending > 0 || segment.number >= number) continue;
        segments.delete(segment);
        unsynced.delete(segment);
        segment.remove();
      }
    },
    close() {
      for (const segment of segments) segment.close();
    },
  };
}

/** Encodes a record as the bytes of a segment. */
export function encode(record: SpoolRecord): Buffer {
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
