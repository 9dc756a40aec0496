import { crc32 } from 'node:zlib';

/**
 * Marks the beginning of a record, so that the records after a corrupt one are found. These four bytes are not text and
 * not a likely beginning of a protobuf message.
 */
const mark = 0xf5b1_9ac3;

/** Bytes before the payload of a record: mark, length of the payload, CRC-32 of that length and the payload. */
const prefixBytes = 12;

/** Length of a record on disk. */
export function recordLength(payloadLength: number): number {
  return prefixBytes + payloadLength;
}

/** Encodes a payload, given in parts, as one record. */
export function encodeRecord(parts: readonly Uint8Array[]): Buffer {
  const payloadLength = parts.reduce((sum, { length }) => sum + length, 0);
  const record = Buffer.allocUnsafe(recordLength(payloadLength));
  record.writeUInt32LE(mark, 0);
  record.writeUInt32LE(payloadLength, 4);
  let offset = prefixBytes;
  for (const part of parts) {
    record.set(part, offset);
    offset += part.length;
  }
  record.writeUInt32LE(checksum(record, 0, payloadLength), 8);
  return record;
}

/** The payload of the record at an offset; undefined when there is no whole record with the right checksum. */
export function decodeRecord(bytes: Buffer, offset: number): Buffer | undefined {
  if (offset + prefixBytes > bytes.length || bytes.readUInt32LE(offset) !== mark) return undefined;
  const payloadLength = bytes.readUInt32LE(offset + 4);
  const end = offset + recordLength(payloadLength);
  if (end > bytes.length || bytes.readUInt32LE(offset + 8) !== checksum(bytes, offset, payloadLength)) return undefined;
  return bytes.subarray(offset + prefixBytes, end);
}

function checksum(bytes: Buffer, offset: number, payloadLength: number): number {
  const start = offset + prefixBytes;
  return crc32(bytes.subarray(start, start + payloadLength), crc32(bytes.subarray(offset + 4, offset + 8)));
}

/** Whether bytes are the beginning of a record that a crash has cut off, not a whole record that has changed. */
export function isBeginningOfRecord(bytes: Buffer): boolean {
  if (bytes.compare(markBytes, 0, Math.min(4, bytes.length), 0, Math.min(4, bytes.length)) !== 0) return false;
  return bytes.length < prefixBytes || recordLength(bytes.readUInt32LE(4)) > bytes.length;
}

/** A record that was found. */
export interface FoundRecord {
  readonly offset: number;
  readonly payload: Buffer;
}

/** The records of a file. */
export interface RecordScan {
  readonly records: readonly FoundRecord[];
  /** Corrupt places between records. An incomplete write at the end is not one. */
  readonly corruptions: number;
  /** Where the last whole record ends; the rest is a write that a crash has cut off. */
  readonly end: number;
}

/** Finds every whole record of a file, also after corrupt places. */
export function scanRecords(bytes: Buffer): RecordScan {
  const records: FoundRecord[] = [];
  let corruptions = 0;
  let end = 0;
  for (let offset = 0; offset !== -1 && offset < bytes.length; ) {
    const payload = decodeRecord(bytes, offset);
    if (payload === undefined) {
      offset = bytes.indexOf(markBytes, offset + 1);
      continue;
    }
    if (offset !== end) corruptions += 1;
    records.push({ offset, payload });
    offset += recordLength(payload.length);
    end = offset;
  }
  return { records, corruptions, end };
}

const markBytes = Buffer.alloc(4);
markBytes.writeUInt32LE(mark);
