import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSpoolRecord, type SpoolEntry } from './entry.ts';
import { recordLength } from './record.ts';
import { createRoster, type Roster } from './roster.ts';
import { listSegments, loadSegment, type Segment } from './segment.ts';
import type { Recovery } from './spool.ts';

/** Where the record of an entry stands. */
export interface Place {
  readonly segment: Segment;
  readonly offset: number;
  /** Bytes of the record. */
  readonly length: number;
  /** The bytes of the batch, while there is room for them in memory. */
  body?: Uint8Array;
}

/** What was found in a folder. */
export interface RecoveredFolder {
  readonly segments: readonly Segment[];
  /** What is not done with, in order. */
  readonly places: Map<SpoolEntry, Place>;
  readonly roster: Roster;
  readonly recovery: Recovery;
}

/** Reads everything that earlier processes have left in a folder, and repairs what a crash has left half done. */
export function recoverFolder(folder: string): RecoveredFolder {
  const { numbers, orphans } = listSegments(readdirSync(folder));
  for (const name of orphans) rmSync(join(folder, name));

  const found = new Map<number, { entry: SpoolEntry; place: Place }>();
  const roster = createRoster();
  const segments: Segment[] = [];
  let endedInOrder = true;
  let damagedStretches = 0;
  let tornBytes = 0;

  for (const number of numbers) {
    const { segment, scan, done, tornBytes: torn } = loadSegment(folder, number);
    segments.push(segment);
    damagedStretches += scan.damagedStretches;
    tornBytes += torn;
    if (torn > 0) endedInOrder = false;
    for (const { offset, payload } of scan.records) {
      const record = decodeSpoolRecord(payload);
      endedInOrder = record.type === 'end';
      if (record.type === 'roster') roster.reset(record.vms);
      if (record.type === 'entry') roster.note(record.entry.content);
      if (!('entry' in record) || done.has(offset)) continue;
      // A crash between copying an entry and forgetting the original leaves both.
      const original = found.get(record.entry.sequence)?.place;
      if (original !== undefined) {
        original.segment.markDone(original.offset);
        original.segment.pending -= 1;
      }
      segment.pending += 1;
      const place = { segment, offset, length: recordLength(payload.length) };
      found.set(record.entry.sequence, { entry: record.entry, place });
    }
  }

  const inOrder = [...found.values()].sort((a, b) => a.entry.sequence - b.entry.sequence);
  return {
    segments,
    places: new Map(inOrder.map(({ entry, place }) => [entry, place])),
    roster,
    recovery: {
      entries: inOrder.map(({ entry }) => entry),
      liveVms: roster.list(),
      endedInOrder,
      damagedStretches,
      tornBytes,
    },
  };
}
