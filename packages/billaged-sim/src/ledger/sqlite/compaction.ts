import { joinStretches } from '../stretch.ts';
import { type PeriodTables, readPeriod } from './read-period.ts';
import { dayOf, daySpan, hourSpan } from './total-table.ts';

/** Makes totals of hours and days that have ended, and takes away runs that are older than the retention. */
export interface Compaction {
  /** Asks for the total of an hour that has ended. */
  ask(vm: number, hour: number, closedBefore: number): void;
  /** Asks for every hour of a VM before another one that has no total yet, from the last one that has. */
  askTail(vm: number, closedBefore: number): void;
  /** Whether something is asked for. */
  readonly isWaiting: boolean;
  /** Does a part of what was asked for, some milliseconds long. */
  work(): void;
  /** Takes away runs of a VM before an hour, once their totals are made. @returns whether there are more */
  close(vm: number, before: number): boolean;
  /** Forgets what was asked for. */
  clear(): void;
}

interface Task {
  readonly vm: number;
  readonly hour: number;
  readonly closedBefore: number;
}

/** Hours of which totals are made in one go: about a millisecond. */
const hoursAtOnce = 8;

/** Tasks that wait at most. What is not asked for is made when the VM is seen next; until then its runs are read. */
const mostTasks = 100_000;

/** Makes the compaction of some tables. */
export function createCompaction(tables: PeriodTables): Compaction {
  const { runs, totals } = tables;
  let tasks: Task[] = [];
  let done = 0;

  function makeHour({ vm, hour }: Task): void {
    if (totals.get(vm, hourSpan, hour) !== undefined) return;
    const parts = joinStretches(runs.inHour(vm, hour));
    if (parts.length > 0) totals.put(vm, hourSpan, hour, parts);
  }
  function makeDay({ vm, hour, closedBefore }: Task): void {
    const from = dayOf(hour);
    const to = from + daySpan;
    if (to > closedBefore || totals.get(vm, daySpan, from) !== undefined) return;
    // While a later hour of the day has no total yet, its turn is still to come, and the day is made then.
    const next = runs.nextHour(vm, hour + 1) ?? to;
    if (next < to && totals.get(vm, hourSpan, next) === undefined) return;
    const parts = joinStretches(readPeriod(tables, { vm, from, to, wholeFrom: from, wholeTo: to, closedBefore }));
    if (parts.length > 0) totals.put(vm, daySpan, from, parts);
  }
  function make(task: Task): void {
    makeHour(task);
    makeDay(task);
  }
  function ask(vm: number, hour: number, closedBefore: number): void {
    if (hour < closedBefore && tasks.length - done < mostTasks) tasks.push({ vm, hour, closedBefore });
  }

  return {
    ask,
    askTail(vm, closedBefore) {
      let hour = runs.nextHour(vm, (totals.lastBefore(vm, closedBefore)?.hour ?? Number.MIN_SAFE_INTEGER) + 1);
      for (; hour !== undefined && hour < closedBefore; hour = runs.nextHour(vm, hour + 1)) ask(vm, hour, closedBefore);
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
    close(vm, before) {
      let hour = runs.nextHour(vm, Number.MIN_SAFE_INTEGER);
      for (let count = 0; hour !== undefined && hour < before && count < hoursAtOnce; count++) {
        make({ vm, hour, closedBefore: before });
        runs.removeHour(vm, hour);
        hour = runs.nextHour(vm, hour + 1);
      }
      return hour !== undefined && hour < before;
    },
    clear() {
      tasks = [];
      done = 0;
    },
  };
}
