import { closeSync, ftruncateSync, openSync, readFileSync, read as readWithCallback, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { codeOf } from '@vmobs/settings';
import { decodeRecord, isBeginningOfRecord, type RecordScan, scanRecords } from './record.ts';
import { SpoolDamageError } from './spool-error.ts';

const readAt = promisify(readWithCallback);

/** Bytes of an acknowledgement: the offset of its record, and the CRC-32 of that offset. */
const doneBytes = 8;

/** A file of records, and the file beside it with the acknowledgements. */
export interface Segment {
  readonly number: number;
  /** Bytes of whole records. */
  readonly size: number;
  /** Entries that wait; counted by its owner. */
  pending: number;
  /** For fsync. */
  readonly descriptor: number;
  /** Appends a record. @returns its offset @throws the error of the file system; the segment is as before then */
  append(record: Buffer): number;
  /** Reads the payload of a record. @throws SpoolDamageError when its checksum is wrong */
  read(offset: number, length: number): Promise<Buffer>;
  /** Acknowledges the record at an offset. @throws the error of the file system */
  markDone(offset: number): void;
  close(): void;
  /** Closes and deletes both files, the records first: acknowledgements without records are ignored. */
  remove(): void;
}

/** A segment of an earlier process. */
export interface LoadedSegment {
  readonly segment: Segment;
  readonly scan: RecordScan;
  /** Offsets of the acknowledged records. */
  readonly done: ReadonlySet<number>;
  /** Bytes of an incomplete write at the end; they are removed. */
  readonly tornBytes: number;
  /** Whether what follows the last record is neither a record nor the beginning of one. */
  readonly hasCorruptEnd: boolean;
}

const recordEnding = '.spool';
const doneEnding = '.done';

/**
 * The numbers of the segments in a folder, rising, and the files of acknowledgements without a segment. Files whose names are
 * not of this form belong to somebody else.
 */
export function listSegments(names: readonly string[]): { numbers: number[]; orphans: string[] } {
  const numbers = names
    .flatMap((name) => (/^\d{10}\.spool$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
  const expected = new Set(numbers.map((number) => fileName(number, doneEnding)));
  return { numbers, orphans: names.filter((name) => /^\d{10}\.done$/.test(name) && !expected.has(name)) };
}

function fileName(number: number, ending: string): string {
  return `${String(number).padStart(10, '0')}${ending}`;
}

/** Begins a new segment. @throws the error of the file system, also when there is a segment of this number */
export function createSegment(folder: string, number: number): Segment {
  return openSegment(folder, number, openSync(join(folder, fileName(number, recordEnding)), 'wx+', 0o600), 0);
}

/**
 * Reads a segment of an earlier process.
 *
 * @param isNewest whether its end may be the write that a crash has cut off: that is removed. The end of any other segment was
 * followed by further writes, so a damaged one counts as a corruption.
 */
export function loadSegment(folder: string, number: number, isNewest: boolean): LoadedSegment {
  const descriptor = openSync(join(folder, fileName(number, recordEnding)), 'r+');
  const bytes = readFileSync(descriptor);
  const found = scanRecords(bytes);
  const rest = bytes.subarray(found.end);
  const tornBytes = isNewest && isBeginningOfRecord(rest) ? rest.length : 0;
  if (tornBytes > 0) ftruncateSync(descriptor, found.end);
  const hasCorruptEnd = rest.length > tornBytes;
  const scan = hasCorruptEnd ? { ...found, corruptions: found.corruptions + 1 } : found;
  const segment = openSegment(folder, number, descriptor, scan.end);
  const done = readDone(join(folder, fileName(number, doneEnding)));
  return { segment, scan, done, tornBytes, hasCorruptEnd };
}

/** Corrupt acknowledgements are ignored: their entries are sent again. */
function readDone(path: string): Set<number> {
  const done = new Set<number>();
  const bytes = readIfThere(path);
  for (let at = 0; at + doneBytes <= bytes.length; at += doneBytes) {
    if (crc32(bytes.subarray(at, at + 4)) === bytes.readUInt32LE(at + 4)) done.add(bytes.readUInt32LE(at));
  }
  return done;
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function openSegment(folder: string, number: number, descriptor: number, bytes: number): Segment {
  let size = bytes;
  let doneDescriptor: number | undefined;

  function openDone(): number {
    const path = join(folder, fileName(number, doneEnding));
    const opened = openSync(path, 'a+', 0o600);
    // An incomplete acknowledgement would shift those after it.
    const length = readFileSync(path).length;
    ftruncateSync(opened, length - (length % doneBytes));
    doneDescriptor = opened;
    return opened;
  }

  function close(): void {
    closeSync(descriptor);
    if (doneDescriptor !== undefined) closeSync(doneDescriptor);
  }

  return {
    number,
    descriptor,
    pending: 0,
    get size() {
      return size;
    },
    append(record) {
      const offset = size;
      try {
        writeWhole(descriptor, record, offset);
      } catch (error) {
        // What the failed write has left would look like damage when a shorter record overwrites only its beginning.
        ftruncateSync(descriptor, offset);
        throw error;
      }
      size += record.length;
      return offset;
    },
    async read(offset, length) {
      const { buffer } = await readAt(descriptor, Buffer.alloc(length), 0, length, offset);
      const payload = decodeRecord(buffer, 0);
      if (payload === undefined) {
        throw new SpoolDamageError(
          `${fileName(number, recordEnding)} is damaged in the ${length} bytes from ${offset}`,
        );
      }
      return payload;
    },
    markDone(offset) {
      const mark = Buffer.allocUnsafe(doneBytes);
      mark.writeUInt32LE(offset, 0);
      mark.writeUInt32LE(crc32(mark.subarray(0, 4)), 4);
      writeSync(doneDescriptor ?? openDone(), mark);
    },
    close,
    remove() {
      close();
      rmSync(join(folder, fileName(number, recordEnding)), { force: true });
      rmSync(join(folder, fileName(number, doneEnding)), { force: true });
    },
  };
}

function writeWhole(descriptor: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
  }
}
