import { expect, test } from 'vitest';
import { readPeriod } from './read-period.ts';
import { midnight, openTables, vm } from './testing/open-tables.ts';

const day = 24;

/**
 * Tables with a segment in each of these hours, and a reader of them that gives the number of samples in each span: two in
 * a segment, as many as there are in the rollup of several.
 */
function openPeriods(hours: readonly number[]) {
  const tables = openTables(hours);
  const compact = (endedBefore: number) => {
    for (const hour of hours) tables.compaction.ask(vm, hour, endedBefore);
    while (tables.compaction.isWaiting) tables.compaction.work();
  };
  const missing: number[] = [];
  const read = (
    from: number,
    to: number,
    options: { fullFrom?: number; fullTo?: number; endedBefore?: number } = {},
  ) => {
    const { fullFrom = from, fullTo = to, endedBefore = to } = options;
    missing.length = 0;
    const period = { vm, from, to, fullFrom, fullTo, endedBefore };
    return Array.from(
      readPeriod(tables, period, (hour) => missing.push(hour)),
      ({ sampleCount }) => sampleCount,
    );
  };
  return { ...tables, compact, read, missing };
}

const wholeDay = [midnight, midnight + 5, midnight + 23];

test('without rollups it reads segments and reports each hour that could have one', () => {
  const { read, missing } = openPeriods(wholeDay);
  expect(read(midnight, midnight + day)).toEqual([2, 2, 2]);
  expect(missing).toEqual(wholeDay);
  expect(read(midnight, midnight + day, { endedBefore: midnight + 5 })).toEqual([2, 2, 2]);
  expect(missing).toEqual([midnight]);
});

test('a day that the period covers fully is read as one rollup', () => {
  const { read, compact, missing } = openPeriods([...wholeDay, midnight + day]);
  compact(midnight + day);
  expect(read(midnight, midnight + day)).toEqual([6]);
  expect(read(midnight - 3, midnight + day + 1)).toEqual([6, 2]);
  expect(missing).toEqual([midnight + day]);
  expect(read(midnight - 3 * day, midnight + day)).toEqual([6]);
});

test('a day that does not is read by its hours', () => {
  const { read, compact, missing } = openPeriods(wholeDay);
  compact(midnight + day);
  expect(read(midnight + 1, midnight + day)).toEqual([2, 2]);
  expect(read(midnight, midnight + 23)).toEqual([2, 2]);
  expect(read(midnight, midnight + day, { fullFrom: midnight + 1 })).toEqual([2, 2, 2]);
  expect(read(midnight, midnight + day, { fullTo: midnight + 23 })).toEqual([2, 2, 2]);
  expect(read(midnight, midnight + day, { endedBefore: midnight + 23 })).toEqual([2, 2, 2]);
  expect(missing).toEqual([]);
});

test('a partly covered hour is read from its segments, although it has a rollup', () => {
  const { read, compact, rollups } = openPeriods([midnight]);
  compact(midnight + 1);
  // A rollup that is not what the segments are tells which of them was read.
  const [rollup] = rollups.get(vm, 1, midnight) ?? [];
  if (rollup === undefined) throw new Error('the hour has no rollup');
  rollups.put(vm, 1, midnight, [{ ...rollup, sampleCount: 99 }]);
  expect(read(midnight, midnight + 1)).toEqual([99]);
  expect(read(midnight, midnight + 1, { fullFrom: midnight + 1 })).toEqual([2]);
  expect(read(midnight, midnight + 1, { fullTo: midnight })).toEqual([2]);
  expect(read(midnight, midnight + 1, { endedBefore: midnight })).toEqual([2]);
});

test('of an hour whose segments are gone the rollup is read in any case', () => {
  const { read, segments, compact, missing } = openPeriods([midnight + 2]);
  compact(midnight + 3);
  segments.removeHour(vm, midnight + 2);
  expect(read(midnight, midnight + 5, { fullFrom: midnight + 3 })).toEqual([2]);
  expect(read(midnight, midnight + 5)).toEqual([2]);
  expect(missing).toEqual([]);
});

test('a period without samples has none', () => {
  const { read, missing } = openPeriods([midnight]);
  expect(read(midnight + 1, midnight + 10 * day)).toEqual([]);
  expect(read(midnight - 10 * day, midnight)).toEqual([]);
  expect(missing).toEqual([]);
});
