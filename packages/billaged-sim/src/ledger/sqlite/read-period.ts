import type { HoursOfPeriod } from '../bounds.ts';
import type { Stretch } from '../stretch.ts';
import type { RunTable } from './run-table.ts';
import { dayOf, daySpan, hourSpan, type TotalTable } from './total-table.ts';

/** Where stretches are read from. */
export interface PeriodTables {
  readonly runs: RunTable;
  readonly totals: TotalTable;
}

/** A time of a VM in hours. Hours before `closedBefore` have, or could have, totals. */
export interface Period extends HoursOfPeriod {
  readonly vm: number;
  readonly closedBefore: number;
}

/**
 * Reads what is known of a period, in time order: totals of days, else of hours, else runs. Of an hour that is not in the
 * period as a whole it reads the runs, unless they were compacted.
 *
 * `onMissing` is told of each hour that has ended and has no total, so that someone may make it.
 */
export function* readPeriod(
  { runs, totals }: PeriodTables,
  { vm, from, to, wholeFrom, wholeTo, closedBefore }: Period,
  onMissing?: (hour: number) => void,
): Generator<Stretch> {
  let hour = from;
  while (hour < to) {
    const hasTotal = hour >= wholeFrom && hour < Math.min(wholeTo, closedBefore);
    if (hasTotal && hour === dayOf(hour) && hour + daySpan <= Math.min(wholeTo, closedBefore)) {
      const day = totals.get(vm, daySpan, hour);
      if (day !== undefined) {
        yield* day;
        hour += daySpan;
        continue;
      }
    }
    const ended = hasTotal ? totals.get(vm, hourSpan, hour) : undefined;
    if (ended !== undefined) {
      yield* ended;
      hour += hourSpan;
      continue;
    }
    const next = Math.min(runs.nextHour(vm, hour) ?? to, totals.nextHour(vm, hour) ?? to);
    if (next > hour) {
      // The day of the next samples may have a total, if it lies in the period as a whole.
      hour = dayOf(next) > hour ? dayOf(next) : next;
      continue;
    }
    const inHour = runs.inHour(vm, hour);
    yield* inHour.length > 0 ? inHour : (totals.get(vm, hourSpan, hour) ?? []);
    if (hasTotal) onMissing?.(hour);
    hour += hourSpan;
  }
}

/** The last stretch before an hour. */
export function readBefore({ runs, totals }: PeriodTables, vm: number, hour: number): Stretch | undefined {
  const run = runs.lastBefore(vm, hour);
  const total = totals.lastBefore(vm, hour);
  if (run === undefined || total === undefined) return run?.stretch ?? total?.stretch;
  // An hour has both until its runs are compacted; the same samples are last in both.
  return run.hour >= total.hour ? run.stretch : total.stretch;
}
