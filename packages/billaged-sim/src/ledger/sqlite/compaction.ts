import { joinWithinQuarters } from '../quarters.ts';
import { joinSpans } from '../usage.ts';
import { type PeriodTables, readPeriod } from './read-period.ts';
import { dayOf, oneDay, oneHour } from './rollup-table.ts';

/** Makes rollups of ended hours and days, and removes segments older than the retention. */
export interface Compaction {
  /** Requests the rollup of an hour that has ended. */
  ask(vm: number, hour: number, endedBefore: number): void;
  /** Requests all rollups that are missing for a VM between its last rollup and an hour. */
  askTail(vm: number, endedBefore: number): void;
  /** Whether there are requests. */
  readonly isWaiting: boolean;
  /** Works on the requests for some milliseconds. */
  work(): void;
  /** Removes segments of a VM before an hour, after making their rollups. @returns whether there are more */
  removeBefore(vm: number, before: number): boolean;
  /** Drops all requests. */
  clear(): void;
}

interface Task {
  readonly vm: number;
  readonly hour: number;
  readonly endedBefore: number;
}

/** Hours whose rollups are made at once: about a millisecond. */
const hoursAtOnce = 8;

/** Maximum number of requests. A dropped one is requested again when the hour is read; until then its segments are read. */
const mostTasks = 100_000;

/** Makes the compaction. */
export function createCompaction(tables: PeriodTables): Compaction {
  const { segments, rollups } = tables;
  let tasks: Task[] = [];
  let done = 0;

  function makeHour({ vm, hour }: Task): void {
    if (rollups.get(vm, oneHour, hour) !== undefined) return;
    const parts = joinSpans(segments.inHour(vm, hour));
    if (parts.length > 0) rollups.put(vm, oneHour, hour, parts);
  }
  function makeDay({ vm, hour, endedBefore }: Task): void {
    const from = dayOf(hour);
    const to = from + oneDay;
    if (to > endedBefore || rollups.get(vm, oneDay, from) !== undefined) return;
    // While a later hour of the day has no rollup yet, the day is made together with that one.
    const next = segments.nextHour(vm, hour + 1) ?? to;
    if (next < to && rollups.get(vm, oneHour, next) === undefined) return;
    const parts = joinSpans(readPeriod(tables, { vm, from, to, fullFrom: from, fullTo: to, endedBefore }));
    if (parts.length > 0) rollups.put(vm, oneDay, from, parts);
  }
  function make(task: Task): void {
    makeHour(task);
    makeDay(task);
  }
  function ask(vm: number, hour: number, endedBefore: number): void {
    if (hour < endedBefore && tasks.length - done < mostTasks) tasks.push({ vm, hour, endedBefore });
  }

  return {
    ask,
    askTail(vm, endedBefore) {
      let hour = segments.nextHour(vm, (rollups.lastBefore(vm, endedBefore)?.hour ?? Number.MIN_SAFE_INTEGER) + 1);
      for (; hour !== undefined && hour < endedBefore; hour = segments.nextHour(vm, hour + 1))
        ask(vm, hour, endedBefore);
    },
    get isWaiting() {
      return done < tasks.length;
    },
    work() {
      for (const task of tasks.slice(done, done + hoursAtOnce)) make(task);
      done = Math.min(tasks.length, done + hoursAtOnce);
      if (done === tasks.length || done > 10_000) {
        tasks = tasks.slice(done);
        done = 0;
      }
    },
    removeBefore(vm, before) {
      let hour = segments.nextHour(vm, Number.MIN_SAFE_INTEGER);
      for (let count = 0; hour !== undefined && hour < before && count < hoursAtOnce; count++) {
        make({ vm, hour, endedBefore: before });
        // What is left must still be exact in every time zone.
        rollups.forgetHour(vm, hour);
        rollups.put(vm, oneHour, hour, joinWithinQuarters(segments.inHour(vm, hour)));
        segments.removeHour(vm, hour);
        hour = segments.nextHour(vm, hour + 1);
      }
      return hour !== undefined && hour < before;
    },
    clear() {
      tasks = [];
      done = 0;
    },
  };
}
