import type { BatchHeader, GapNotice, Notice } from '../messages.ts';

/** The content of an entry: the header of a batch, whose bytes are stored beside it, or a notice. */
export type EntryContent = BatchHeader | Notice;

/** An entry of a spool. */
export interface SpoolEntry {
  /** Rises with each entry: the order of delivery for the entries of one VM. */
  readonly sequence: number;
  /** When it was stored, Unix milliseconds. */
  readonly storedAtMs: number;
  readonly content: EntryContent;
  /** Its trace, as headers of W3C Trace Context; empty for none. */
  readonly trace: Readonly<Record<string, string>>;
}

/** A VM that was reported to billaged and has not stopped. */
export interface LiveVm {
  readonly vmId: string;
  readonly customerId: string;
  /** Unix nanoseconds of its last stored sample, or of its start. */
  readonly lastTimestamp: bigint;
}

/** The records of a segment: entries, and what a restart needs to know besides. */
export type SpoolRecord =
  /** A copy is an entry that was moved out of an old segment: it is no news about its VM. */
  | { readonly type: 'entry' | 'copy'; readonly entry: SpoolEntry; readonly body: Uint8Array }
  /** The live-VM table when the segment was begun: the first record of each segment. */
  | { readonly type: 'roster'; readonly vms: readonly LiveVm[] }
  /** A normal end: nothing was sampled after it. It has the gaps whose notices could not be stored, if there are any. */
  | { readonly type: 'end'; readonly gaps?: readonly GapNotice[] };

const noBytes = new Uint8Array();

/** Encodes a record as the parts of a payload: length of the JSON, JSON, bytes of the batch. */
export function encodeSpoolRecord(record: SpoolRecord): Uint8Array[] {
  const { body, ...rest } = 'body' in record ? record : { ...record, body: noBytes };
  const json = Buffer.from(JSON.stringify(rest, writeBigInt));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return [length, json, body];
}

/** Decodes a payload. It is trusted, because its checksum was right. */
export function decodeSpoolRecord(payload: Buffer): SpoolRecord {
  const bodyStart = 4 + payload.readUInt32LE(0);
  const record: SpoolRecord = JSON.parse(payload.toString('utf8', 4, bodyStart), readBigInt);
  return 'entry' in record ? { ...record, body: payload.subarray(bodyStart) } : record;
}

/** JSON has no 64-bit integers: they are strings, under names that no other field has. */
const bigIntNames = new Set(['firstTimestamp', 'lastTimestamp', 'startTime', 'stopTime', 'lastSent', 'resumeTime']);

function writeBigInt(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function readBigInt(name: string, value: unknown): unknown {
  return bigIntNames.has(name) && typeof value === 'string' ? BigInt(value) : value;
}
