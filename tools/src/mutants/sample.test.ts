import { expect, test } from 'vitest';
import { groups } from './groups.ts';
import type { GroupRecord } from './record.ts';
import { chanceOfFalseAlarm, chanceOfSoFew, drawGroup, planSample, recordedShare } from './sample.ts';

const record = (numbers: Omit<GroupRecord, 'survivors'>): GroupRecord => ({ ...numbers, survivors: [] });
const [group] = groups;
if (group === undefined) throw new Error('there is a group');
const complete = { [group.name]: record({ mutants: 300, tried: 300, noticed: 270, seconds: 100 }) };
const sampled = { [group.name]: record({ mutants: 1_000, tried: 100, noticed: 80, seconds: 50 }) };

test('a sample is as large as what could be tried in its time', () => {
  expect(planSample(group, complete, { seed: 7, sampleMs: 50_000 })).toEqual({ seed: 7, share: 0.5 });
  // All of it would take 500 s.
  expect(planSample(group, sampled, { seed: 7, sampleMs: 50_000 }).share).toBeCloseTo(0.1, 12);
  expect(planSample(group, complete, { seed: 7, sampleMs: 500_000 }).share).toBe(1);
});

test('what was recorded from a sample counts as two standard errors less', () => {
  expect(recordedShare(group, complete)).toBe(0.9);
  // 80 of 100: a standard error of 4 %, less by what a tenth of all mutants leaves open.
  expect(recordedShare(group, sampled)).toBeCloseTo(0.8 - 2 * 0.04 * Math.sqrt(0.9), 12);
});

test('each group is drawn by one seed of so many', () => {
  const drawn = groups.map((_, index) => drawGroup(groups, 1_000 * groups.length + index));
  expect(drawn).toEqual(groups);
  expect(drawGroup([group], 123)).toBe(group);
});

test('a group that nobody has recorded cannot be sampled', () => {
  expect(() => planSample(group, {}, { seed: 1, sampleMs: 1_000 })).toThrow(`pnpm mutants ${group.name} --record`);
});

test('the chance of so few is that of the binomial distribution', () => {
  expect(chanceOfSoFew({ tried: 2, noticed: 0 }, 0.5)).toBeCloseTo(0.25, 12);
  expect(chanceOfSoFew({ tried: 2, noticed: 1 }, 0.5)).toBeCloseTo(0.75, 12);
  expect(chanceOfSoFew({ tried: 10, noticed: 7 }, 0.9)).toBeCloseTo(0.0701908264, 9);
  expect(chanceOfSoFew({ tried: 1_000, noticed: 1_000 }, 0.9)).toBe(1);
  expect(chanceOfSoFew({ tried: 10, noticed: 10 }, 1)).toBe(1);
  expect(chanceOfSoFew({ tried: 10, noticed: 9 }, 1)).toBe(0);
  expect(chanceOfSoFew({ tried: 10, noticed: 0 }, 0)).toBe(1);
});

test('of 300 mutants, 260 are no fall below 90 % and 240 are one', () => {
  expect(chanceOfSoFew({ tried: 300, noticed: 260 }, 0.9)).toBeGreaterThan(chanceOfFalseAlarm);
  expect(chanceOfSoFew({ tried: 300, noticed: 240 }, 0.9)).toBeLessThan(chanceOfFalseAlarm);
});
