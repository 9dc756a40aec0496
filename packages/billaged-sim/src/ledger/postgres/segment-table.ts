import type { CoveredSegment } from '../coverage.ts';
import { type StoredSegment, spanOf } from '../segment.ts';
import type { HourTime } from '../time.ts';
import { byColumn, bytesOf, insertRows } from './column-arrays.ts';
import type { Row, Transaction } from './database.ts';
import { type HourSpan, hourSpanOf, spanColumns, spanValues } from './span-columns.ts';

/** The columns of a span as a list, qualified by a table. */
export function spanColumnList(table: string): string {
  return spanColumns.map(([name]) => `${table}.${name}`).join(', ');
}

/** A segment to be stored, with its span. */
export interface HourSegment extends HourSpan {
  /** The samples of a short segment, encoded. */
  readonly samples: Uint8Array | null;
}

/** A segment with its span. */
export function hourSegmentOf({ customerId, segment, samples }: StoredSegment): HourSegment {
  const { hour, first, last } = segment;
  return { hour, first, last, samples, span: spanOf(segment, customerId) };
}

/** A stored segment, as it was read. */
export interface KnownSegment extends HourSpan {
  readonly covered: CoveredSegment;
}

/** An item of a VM. */
export interface OfVm<T> {
  readonly vmId: string;
  readonly item: T;
}

const insertedSegmentColumns = [...spanColumns, ['samples', 'bytea'] as const];
const insert = insertRows('insert_segments', 'runs', insertedSegmentColumns);
const remove = { text: 'DELETE FROM runs WHERE vm_id = $1 AND hour = $2 AND first_at = $3' };
const columns = spanColumnList('runs');

const around = {
  text: `SELECT * FROM (
    (SELECT ${columns}, runs.samples FROM runs WHERE vm_id = $1 AND (hour, first_at) < ($2, $3)
      ORDER BY hour DESC, first_at DESC LIMIT 2)
    UNION ALL
    (SELECT ${columns}, runs.samples FROM runs WHERE vm_id = $1 AND (hour, first_at) >= ($2, $3) AND (hour, first_at) <= ($4, $5))
    UNION ALL
    (SELECT ${columns}, runs.samples FROM runs WHERE vm_id = $1 AND (hour, first_at) > ($4, $5)
      ORDER BY hour, first_at LIMIT 1)
  ) AS window_runs ORDER BY hour, first_at`,
};

/** Inserts segments. */
export function insertSegments({ send }: Transaction, segments: readonly OfVm<HourSegment>[]): void {
  if (segments.length === 0) return;
  const rows = segments.map(({ vmId, item }) => [...spanValues(vmId, item), item.samples]);
  send(insert, byColumn(insertedSegmentColumns, rows));
}

/** Removes segments. */
export function removeSegments({ send }: Transaction, segments: readonly OfVm<CoveredSegment>[]): void {
  for (const { vmId, item } of segments) send(remove, [vmId, item.hour, item.first]);
}

/** Reads the segments that start within a period, the two before them and the one after, in time order. */
export async function readAround(
  { read }: Transaction,
  vmId: string,
  from: HourTime,
  to: HourTime,
): Promise<KnownSegment[]> {
  const rows = await read(around, [vmId, from.hour, from.nanos, to.hour, to.nanos]);
  return rows.map(knownSegmentOf);
}

function knownSegmentOf(row: Row): KnownSegment {
  const segment = hourSpanOf(row);
  const { hour, first, last, span } = segment;
  const samples = row['samples'];
  return {
    ...segment,
    covered: {
      ...{ hour, first, last },
      count: span.sampleCount,
      customerId: span.customerId,
      samples: typeof samples === 'string' ? bytesOf(samples) : undefined,
    },
  };
}
