import { createDepthCount, oldestBatchOf } from './depth-count.ts';
import { decodeSpoolRecord, type SpoolEntry } from './entry.ts';
import type { Place } from './recover-folder.ts';
import type { Segment } from './segment.ts';

/** The entries that wait in a spool on disk, in order, each with the place of its record. */
export interface WaitingEntries {
  readonly size: number;
  readonly batches: number;
  /** Samples in those batches. */
  readonly samples: number;
  /** Bytes of their records. */
  readonly recordBytes: number;
  /** When the oldest batch was stored, Unix milliseconds; undefined when there is none. */
  readonly oldestBatchAtMs: number | undefined;
  entries(): Iterable<SpoolEntry>;
  placeOf(entry: SpoolEntry): Place | undefined;
  /** The entries whose records are in a segment. Entries may be moved and removed meanwhile. */
  inSegment(segment: Segment): Iterable<[SpoolEntry, Place]>;
  /** Adds an entry, and keeps the bytes of its batch in memory while there is room. */
  add(entry: SpoolEntry, place: Place, body: Uint8Array): void;
  /** Notes that the record of an entry was copied. @param from the place before */
  move(entry: SpoolEntry, from: Place, to: Place): void;
  /** Removes an entry. @returns its place, unless it was removed before */
  remove(entry: SpoolEntry): Place | undefined;
}

/** Takes over the entries that were recovered. @param cacheBytes most bytes of batches that are kept in memory */
export function createWaitingEntries(places: Map<SpoolEntry, Place>, cacheBytes: number): WaitingEntries {
  const count = createDepthCount();
  let recordBytes = 0;
  let cachedBytes = 0;
  for (const [{ content }, { length }] of places) {
    count.add(content);
    recordBytes += length;
  }

  return {
    get size() {
      return places.size;
    },
    get batches() {
      return count.batches;
    },
    get samples() {
      return count.samples;
    },
    get recordBytes() {
      return recordBytes;
    },
    get oldestBatchAtMs() {
      return oldestBatchOf(places.keys());
    },
    entries: () => places.keys(),
    placeOf: (entry) => places.get(entry),
    *inSegment(segment) {
      for (const item of places) if (item[1].segment === segment) yield item;
    },
    add(entry, place, body) {
      if (cachedBytes + body.length <= cacheBytes) {
        place.body = body;
        cachedBytes += body.length;
      }
      places.set(entry, place);
      count.add(entry.content);
      recordBytes += place.length;
    },
    move(entry, from, to) {
      places.set(entry, { ...to, ...(from.body && { body: from.body }) });
      recordBytes += to.length - from.length;
    },
    remove(entry) {
      const place = places.get(entry);
      if (place === undefined) return undefined;
      places.delete(entry);
      count.subtract(entry.content);
      recordBytes -= place.length;
      cachedBytes -= place.body?.length ?? 0;
      return place;
    },
  };
}

/** What stands for the bytes of a notice. */
export const noBytes = new Uint8Array();

/** The bytes of the batch at a place. @throws SpoolDamageError when they cannot be read back */
export async function bodyAt({ segment, offset, length, body }: Place): Promise<Uint8Array> {
  if (body !== undefined) return body;
  const record = decodeSpoolRecord(await segment.read(offset, length));
  return 'body' in record ? record.body : noBytes;
}
