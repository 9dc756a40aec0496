import type { Batch } from '../batch.ts';
import type { Notice } from '../notice.ts';

/** What is known of a batch without its bytes. */
export interface BatchHeader extends Omit<Batch, 'bytes'> {
  readonly kind: 'batch';
}

/** What a spool keeps: a batch, whose bytes are kept beside, or a notice. */
export type EntryContent = BatchHeader | Notice;

/** An entry of a spool. */
export interface SpoolEntry {
  /** Rises with each entry: the order of delivery for the entries of one VM. */
  readonly sequence: number;
  /** When it was stored, Unix milliseconds. */
  readonly storedAtMs: number;
  readonly content: EntryContent;
  /** The trace that it belongs to, as headers of W3C Trace Context; empty for none. */
  readonly trace: Readonly<Record<string, string>>;
}

/** A VM that billaged has been told of and that has not stopped. */
export interface LiveVm {
  readonly vmId: string;
  readonly customerId: string;
  /** Unix nanoseconds of its last stored sample, or of its start. */
  readonly lastTimestamp: bigint;
}

/** What stands in a segment: entries, and what a restart has to know besides. */
export type SpoolRecord =
  /** A copy is an entry that was moved out of an old segment: it says nothing new of its VM. */
  | { readonly type: 'entry' | 'copy'; readonly entry: SpoolEntry; readonly body: Uint8Array }
  /** The VMs that were alive when the segment was begun: the first record of each. */
  | { readonly type: 'roster'; readonly vms: readonly LiveVm[] }
  /** An orderly end: nothing was sampled after it. */
  | { readonly type: 'end' };

const noBytes = new Uint8Array();

/** Writes a record as the parts of a payload: length of the JSON, JSON, bytes of the batch. */
export function encodeSpoolRecord(record: SpoolRecord): Uint8Array[] {
  const { body, ...rest } = 'body' in record ? record : { ...record, body: noBytes };
  const json = Buffer.from(JSON.stringify(rest, writeBigInt));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return [length, json, body];
}

/** Reads a payload. What was written is trusted: its checksum was right. */
export function decodeSpoolRecord(payload: Buffer): SpoolRecord {
  const bodyStart = 4 + payload.readUInt32LE(0);
  const record: SpoolRecord = JSON.parse(payload.toString('utf8', 4, bodyStart), readBigInt);
  return 'entry' in record ? { ...record, body: payload.subarray(bodyStart) } : record;
}

/** JSON has no 64-bit integers: they are written as text, under names that nothing else has. */
const bigIntNames = new Set(['firstTimestamp', 'lastTimestamp', 'startTime', 'stopTime', 'lastSent', 'resumeTime']);

function writeBigInt(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function readBigInt(name: string, value: unknown): unknown {
  return bigIntNames.has(name) && typeof value === 'string' ? BigInt(value) : value;
}

/** What a spool keeps of a batch in memory. */
export function headerOf({ vmId, customerId, sampleCount, firstTimestamp, lastTimestamp }: Batch): BatchHeader {
  return { kind: 'batch', vmId, customerId, sampleCount, firstTimestamp, lastTimestamp };
}
