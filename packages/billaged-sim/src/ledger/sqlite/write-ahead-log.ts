import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { codeOf } from '@vmobs/settings';

/** Bytes of the header of a log, and of that of each frame. A frame is the new content of a page. */
const headerBytes = 32;
const frameHeaderBytes = 24;

/** The first four bytes of a log; the last bit says in which byte order its checksums are. */
const magic = 0x377f_0682;

/**
 * How the log ends: `whole` with a commit, or with writes that were not committed; `torn` with a commit of which some bytes are
 * wrong, as after a power failure, or damaged; `damaged` when a commit before the last one has wrong bytes.
 */
type LogEnd = 'whole' | 'torn' | 'damaged';

/** What a write-ahead log of SQLite has, by its own checksums. */
export interface LogScan {
  /** The CRC-32 of the last committed content of each page. */
  readonly pages: ReadonlyMap<number, number>;
  readonly end: LogEnd;
}

/**
 * Reads a write-ahead log as SQLite does when it recovers one, but also what SQLite ignores without a word: frames behind one
 * with a wrong checksum.
 *
 * @returns undefined when there is no log, or an empty one
 */
export function scanLog(path: string): LogScan | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const log = openLog(bytes);
  if (log === undefined) return { pages: new Map(), end: 'damaged' };
  const pages = new Map<number, number>();
  let uncommitted = new Map<number, number>();
  let frame = 0;
  for (; log.isValid(frame); frame++) {
    uncommitted.set(log.pageOf(frame), log.crcOf(frame));
    if (!log.isCommit(frame)) continue;
    for (const [page, crc] of uncommitted) pages.set(page, crc);
    uncommitted = new Map();
  }
  return { pages, end: endOf(log, frame) };
}

/** Judges what is behind the last valid frame. Frames of an earlier use of the file are left there. */
function endOf(log: Log, firstInvalid: number): LogEnd {
  let commits = 0;
  let last: number | undefined;
  for (let frame = firstInvalid; frame < log.frames; frame++) {
    if (!log.isOfThisUse(frame)) continue;
    if (commits > 0) return 'damaged';
    if (log.isCommit(frame)) commits += 1;
    last = frame;
  }
  return last === undefined ? 'whole' : 'torn';
}

interface Log {
  /** Whole frames, of whatever use of the file. */
  readonly frames: number;
  pageOf(frame: number): number;
  /** Whether a transaction ends with the frame. */
  isCommit(frame: number): boolean;
  crcOf(frame: number): number;
  /** Whether the frame and all before it have their checksums. To be called in order. */
  isValid(frame: number): boolean;
  /** Whether the frame was written since the log was begun, even if some of its bits are wrong. */
  isOfThisUse(frame: number): boolean;
}

/** @returns undefined when the header is damaged */
function openLog(bytes: Buffer): Log | undefined {
  if (bytes.length < headerBytes || (bytes.readUInt32BE(0) & ~1) >>> 0 !== magic) return undefined;
  const sums = createChecksum(bytes, (bytes.readUInt32BE(0) & 1) === 1);
  sums.add(0, 24);
  if (!sums.equal(24)) return undefined;
  const pageSize = bytes.readUInt32BE(8);
  const frameBytes = frameHeaderBytes + pageSize;
  const salts = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const at = (frame: number) => headerBytes + frame * frameBytes;
  const frames = Math.floor((bytes.length - headerBytes) / frameBytes);
  const changedBits = (frame: number) =>
    salts.reduce((sum, salt, index) => sum + bitsOf(salt ^ bytes.readUInt32BE(at(frame) + 8 + 4 * index)), 0);
  return {
    frames,
    pageOf: (frame) => bytes.readUInt32BE(at(frame)),
    isCommit: (frame) => bytes.readUInt32BE(at(frame) + 4) !== 0,
    crcOf: (frame) => crc32(bytes.subarray(at(frame) + frameHeaderBytes, at(frame + 1))),
    isValid(frame) {
      if (frame >= frames || changedBits(frame) !== 0) return false;
      sums.add(at(frame), 8);
      sums.add(at(frame) + frameHeaderBytes, pageSize);
      return sums.equal(at(frame) + 16);
    },
    // Each use has salts of its own, half of whose bits differ.
    isOfThisUse: (frame) => changedBits(frame) <= 3,
  };
}

/** The running checksum of SQLite's log. */
function createChecksum(bytes: Buffer, isBigEndian: boolean) {
  const ordered = Buffer.alloc(bytes.length - (bytes.length % 4));
  bytes.copy(ordered);
  if (isBigEndian) ordered.swap32();
  const words = new Uint32Array(ordered.buffer, ordered.byteOffset, ordered.length / 4);
  let [even, odd] = [0, 0];
  return {
    add(from: number, length: number) {
      for (let word = from / 4; word < (from + length) / 4; word += 2) {
        even = (even + (words[word] ?? 0) + odd) >>> 0;
        odd = (odd + (words[word + 1] ?? 0) + even) >>> 0;
      }
    },
    equal: (offset: number) => even === bytes.readUInt32BE(offset) && odd === bytes.readUInt32BE(offset + 4),
  };
}

function bitsOf(value: number): number {
  let bits = 0;
  for (let rest = value >>> 0; rest !== 0; rest &= rest - 1) bits += 1;
  return bits;
}

/** Reads a file; undefined when there is none. */
export function readIfThere(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(fstatSync(descriptor).size);
    for (let read = 0; read < bytes.length; ) {
      const more = readSync(descriptor, bytes, read, bytes.length - read, read);
      if (more === 0) return bytes.subarray(0, read);
      read += more;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** Reads the first frames of a log, and calls back with each page and its content. The content is valid during the call. */
export function readFrames(path: string, frames: number, take: (page: number, content: Buffer) => void): void {
  const descriptor = openSync(path, 'r');
  try {
    const header = Buffer.alloc(headerBytes);
    readSync(descriptor, header, 0, headerBytes, 0);
    const frameBytes = frameHeaderBytes + header.readUInt32BE(8);
    const chunk = Buffer.alloc(256 * frameBytes);
    for (let done = 0; done < frames; ) {
      const read = readSync(descriptor, chunk, 0, chunk.length, headerBytes + done * frameBytes);
      const whole = Math.min(frames - done, Math.floor(read / frameBytes));
      if (whole === 0) throw new Error(`the log ${path} ends after ${done} of ${frames} frames`);
      for (let at = 0; at < whole * frameBytes; at += frameBytes) {
        take(chunk.readUInt32BE(at), chunk.subarray(at + frameHeaderBytes, at + frameBytes));
      }
      done += whole;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a log that is being written has more frames than so many since it was begun. `descriptor` is that of the log. */
export function hasFrames(descriptor: number, frames: number, pageSize: number): boolean {
  const salts = Buffer.alloc(16);
  const at = headerBytes + frames * (frameHeaderBytes + pageSize) + 8;
  if (readSync(descriptor, salts, 8, 8, at) < 8) return false;
  readSync(descriptor, salts, 0, 8, 16);
  return salts.compare(salts, 8, 16, 0, 8) === 0;
}
