import { expect, test } from 'vitest';
import { joinSpans } from '../usage.ts';
import { oneDay, oneHour } from './rollup-table.ts';
import { midnight, openTables, vm } from './testing/open-tables.ts';

/** So many hours from midnight on. */
const hoursOfDay = (count: number) => Array.from({ length: count }, (_, index) => midnight + index);

test('the rollup of an hour is its segments, joined', () => {
  const { compaction, segments, rollups } = openTables([midnight]);
  const expected = joinSpans(segments.inHour(vm, midnight));
  compaction.ask(vm, midnight, midnight + 1);
  expect(compaction.isWaiting).toBe(true);
  compaction.work();
  expect(compaction.isWaiting).toBe(false);
  expect(rollups.get(vm, oneHour, midnight)).toEqual(expected);
  expect(expected).toMatchObject([{ sampleCount: 2, customerId: 'acme' }]);
});

test('an hour that has not ended has no rollup', () => {
  const { compaction } = openTables([midnight]);
  compaction.ask(vm, midnight, midnight);
  expect(compaction.isWaiting).toBe(false);
});

test('an hour and a day without samples have no rollup', () => {
  const { compaction, rollups } = openTables([]);
  compaction.ask(vm, midnight, midnight + 24);
  compaction.work();
  expect(rollups.get(vm, oneHour, midnight)).toBeUndefined();
  expect(rollups.get(vm, oneDay, midnight)).toBeUndefined();
});

test('eight hours are made at a time, and the day with the last of its hours', () => {
  const { compaction, rollups, segments, hoursWithRollup } = openTables(hoursOfDay(10));
  const expected = joinSpans(hoursOfDay(10).flatMap((hour) => segments.inHour(vm, hour)));
  for (const hour of hoursOfDay(10)) compaction.ask(vm, hour, midnight + 24);
  compaction.work();
  expect(hoursWithRollup()).toEqual(hoursOfDay(8));
  expect(rollups.get(vm, oneDay, midnight)).toBeUndefined();
  compaction.work();
  expect(hoursWithRollup()).toEqual(hoursOfDay(10));
  expect(rollups.get(vm, oneDay, midnight)).toEqual(expected);
});

test('an unfinished day has no rollup, and samples of the next day delay none', () => {
  const { compaction, rollups } = openTables([midnight, midnight + 24]);
  compaction.ask(vm, midnight, midnight + 23);
  compaction.work();
  expect(rollups.get(vm, oneDay, midnight)).toBeUndefined();
  compaction.ask(vm, midnight, midnight + 24);
  compaction.work();
  expect(rollups.get(vm, oneDay, midnight)).toMatchObject([{ sampleCount: 2 }]);
});

test('the tail is every hour behind the last rollup, up to the one that has not ended', () => {
  const { compaction, hoursWithRollup } = openTables(hoursOfDay(5));
  const [, second, , , last] = hoursOfDay(5);
  if (second === undefined || last === undefined) throw new Error('there are five hours');
  compaction.ask(vm, second, second + 1);
  compaction.work();
  compaction.askTail(vm, last);
  compaction.work();
  expect(hoursWithRollup()).toEqual([second, second + 1, second + 2]);
});

test('requests can be dropped', () => {
  const { compaction, hoursWithRollup } = openTables([midnight]);
  compaction.ask(vm, midnight, midnight + 1);
  compaction.clear();
  expect(compaction.isWaiting).toBe(false);
  compaction.work();
  expect(hoursWithRollup()).toEqual([]);
});

test('no more than 100 000 hours wait', () => {
  const { compaction } = openTables([]);
  for (let hour = 0; hour < 100_010; hour += 1) compaction.ask(vm, hour, 200_000);
  let rounds = 0;
  for (; compaction.isWaiting; rounds += 1) compaction.work();
  expect(rounds).toBe(100_000 / 8);
});

test('sealing removes earlier segments, eight hours at a time, and keeps their rollups', () => {
  const { compaction, hoursWithSegments, hoursWithRollup } = openTables(hoursOfDay(12));
  const before = midnight + 10;
  expect(compaction.removeBefore(vm, before)).toBe(true);
  expect(hoursWithSegments()).toEqual(hoursOfDay(12).slice(8));
  expect(compaction.removeBefore(vm, before)).toBe(false);
  expect(hoursWithSegments()).toEqual(hoursOfDay(12).slice(10));
  expect(hoursWithRollup()).toEqual(hoursOfDay(10));
  expect(compaction.removeBefore(vm, before)).toBe(false);
  expect(compaction.removeBefore(vm, midnight + 20)).toBe(false);
  expect(hoursWithSegments()).toEqual([]);
});
