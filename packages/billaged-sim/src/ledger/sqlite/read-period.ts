import type { HoursOfPeriod } from '../period-usage.ts';
import type { UsageSpan } from '../usage.ts';
import { dayOf, oneDay, oneHour, type RollupTable } from './rollup-table.ts';
import type { SegmentTable } from './segment-table.ts';

/** The tables that spans are read from. */
export interface PeriodTables {
  readonly segments: SegmentTable;
  readonly rollups: RollupTable;
}

/** A period of a VM in hours. Hours before `endedBefore` have rollups, or could have them. */
export interface Period extends HoursOfPeriod {
  readonly vm: number;
  readonly endedBefore: number;
}

/**
 * Reads the spans of a period in time order: rollups of days, else of hours, else segments. Of an hour that the period covers
 * only in part it reads the segments, unless they were compacted.
 *
 * `onMissing` is called with each ended hour that has no rollup, so that it can be requested.
 */
export function* readPeriod(
  { segments, rollups }: PeriodTables,
  { vm, from, to, fullFrom, fullTo, endedBefore }: Period,
  onMissing?: (hour: number) => void,
): Generator<UsageSpan> {
  let hour = from;
  while (hour < to) {
    const hasRollup = hour >= fullFrom && hour < Math.min(fullTo, endedBefore);
    if (hasRollup && hour === dayOf(hour) && hour + oneDay <= Math.min(fullTo, endedBefore)) {
      const day = rollups.get(vm, oneDay, hour);
      if (day !== undefined) {
        yield* day;
        hour += oneDay;
        continue;
      }
    }
    const ended = hasRollup ? rollups.get(vm, oneHour, hour) : undefined;
    if (ended !== undefined) {
      yield* ended;
      hour += oneHour;
      continue;
    }
    const next = Math.min(segments.nextHour(vm, hour) ?? to, rollups.nextHour(vm, hour) ?? to);
    if (next > hour) {
      // The day of the next samples may have a rollup, if the period covers it fully.
      hour = dayOf(next) > hour ? dayOf(next) : next;
      continue;
    }
    const inHour = segments.inHour(vm, hour);
    yield* inHour.length > 0 ? inHour : (rollups.get(vm, oneHour, hour) ?? []);
    if (hasRollup) onMissing?.(hour);
    hour += oneHour;
  }
}

/** The last span before an hour. */
export function readBefore({ segments, rollups }: PeriodTables, vm: number, hour: number): UsageSpan | undefined {
  const segment = segments.lastBefore(vm, hour);
  const rollup = rollups.lastBefore(vm, hour);
  if (segment === undefined || rollup === undefined) return segment?.span ?? rollup?.span;
  // An hour has both until its segments are compacted; both end with the same sample.
  return segment.hour >= rollup.hour ? segment.span : rollup.span;
}
