import type { BatchWrites } from '../batch-writes.ts';
import type { SampleColumns } from '../sample-columns.ts';
import { type HourTime, isAfter, timeAt } from '../time.ts';
import type { UsageSpan } from '../usage.ts';
import { replaceInSummary, type VmSummary } from '../vm-summary.ts';
import type { Transaction } from './database.ts';
import { type HourSegment, type KnownSegment, readAround, spanColumnList } from './segment-table.ts';
import { type HourSpan, hourSpanOf } from './span-columns.ts';
import type { VmState } from './vm-table.ts';

/** The stored data around the time of a late batch. */
export interface Neighbours {
  /** The last span before. */
  readonly before: UsageSpan | undefined;
  /** The segments that overlap that time. */
  readonly covered: readonly KnownSegment[];
  /** The first segment after. */
  readonly after: HourSpan | undefined;
}

const lastRollup = {
  text: `SELECT ${spanColumnList('totals')} FROM totals WHERE vm_id = $1 AND hour < $2
    ORDER BY hour DESC, first_at DESC LIMIT 1`,
};

/** Reads the stored data around the time of samples. The VM must be locked. */
export async function readNeighbours(
  transaction: Transaction,
  { vmId, sealedHour }: VmState,
  samples: SampleColumns,
): Promise<Neighbours> {
  const from = timeAt(samples, 0);
  const to = timeAt(samples, samples.length - 1);
  // Sealed hours have no segments any more: the last rollup is the span before.
  const [known, rollups] = await Promise.all([
    readAround(transaction, vmId, from, to),
    transaction.read(lastRollup, [vmId, sealedHour]),
  ]);
  const isPassed = (segment: HourSpan) => isAfter(from, { hour: segment.hour, nanos: segment.last });
  const isToCome = (segment: HourSpan) => isAfter(firstOf(segment), to);
  const [rollup] = rollups.map(hourSpanOf);
  return {
    before: (known.findLast(isPassed) ?? rollup)?.span,
    covered: known.filter((segment) => !isPassed(segment) && !isToCome(segment)),
    after: known.find(isToCome),
  };
}

/** The summary of a VM after the writes of a late batch. */
export function summaryAfter(
  summary: VmSummary | undefined,
  { before, covered, after }: Neighbours,
  { removed }: BatchWrites,
  inserted: readonly HourSegment[],
): VmSummary | undefined {
  const kept = covered.filter((segment) => !removed.includes(segment.covered));
  const now = [...kept, ...inserted].sort((a, b) => (isAfter(firstOf(a), firstOf(b)) ? 1 : -1));
  const next = after === undefined ? [] : [after];
  const spans = (segments: readonly HourSpan[]) => segments.map(({ span }) => span);
  return replaceInSummary(summary, before, spans([...covered, ...next]), spans([...now, ...next]));
}

function firstOf({ hour, first }: HourSpan): HourTime {
  return { hour, nanos: first };
}
