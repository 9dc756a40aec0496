import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GapNotice } from '../messages.ts';
import { decodeSpoolRecord, type SpoolEntry } from './entry.ts';
import { createLiveVmTable, type LiveVmTable } from './live-vm-table.ts';
import { recordLength } from './record.ts';
import { listSegments, loadSegment, type Segment } from './segment.ts';
import type { Recovery } from './spool.ts';

/** The place of the record of an entry. */
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
  /** The entries that wait, in order. */
  readonly places: Map<SpoolEntry, Place>;
  readonly liveVmTable: LiveVmTable;
  readonly recovery: Recovery;
}

/** Reads what earlier processes have left in a folder, and repairs what a crash has left incomplete. */
export function recoverFolder(folder: string): RecoveredFolder {
  const { numbers, orphans } = listSegments(readdirSync(folder));
  for (const name of orphans) rmSync(join(folder, name));

  const found = new Map<number, { entry: SpoolEntry; place: Place }>();
  const liveVmTable = createLiveVmTable();
  const segments: Segment[] = [];
  let endedInOrder = true;
  let gaps: readonly GapNotice[] = [];
  let corruptions = 0;
  let tornBytes = 0;

  for (const number of numbers) {
    const {
      segment,
      scan,
      done,
      tornBytes: torn,
      hasCorruptEnd,
    } = loadSegment(folder, number, number === numbers.at(-1));
    segments.push(segment);
    corruptions += scan.corruptions;
    tornBytes += torn;
    for (const { offset, payload } of scan.records) {
      const record = decodeSpoolRecord(payload);
      endedInOrder = record.type === 'end';
      if (record.type === 'end') gaps = record.gaps ?? [];
      // A process that has stored entries has told of the gaps of the one before it.
      if (record.type === 'entry') gaps = [];
      if (record.type === 'roster') liveVmTable.reset(record.vms);
      if (record.type === 'entry') liveVmTable.note(record.entry.content);
      if (!('entry' in record) || done.has(offset)) continue;
      // A crash between the copy of an entry and the removal of the original leaves both.
      const original = found.get(record.entry.sequence)?.place;
      if (original !== undefined) {
        original.segment.markDone(original.offset);
        original.segment.pending -= 1;
      }
      segment.pending += 1;
      const place = { segment, offset, length: recordLength(payload.length) };
      found.set(record.entry.sequence, { entry: record.entry, place });
    }
    if (torn > 0 || hasCorruptEnd) endedInOrder = false;
  }

  const inOrder = [...found.values()].sort((a, b) => a.entry.sequence - b.entry.sequence);
  return {
    segments,
    places: new Map(inOrder.map(({ entry, place }) => [entry, place])),
    liveVmTable,
    recovery: {
      entries: inOrder.map(({ entry }) => entry),
      liveVms: liveVmTable.list(),
      gaps,
      endedInOrder,
      corruptions,
      tornBytes,
    },
  };
}
