import { expect, test } from 'vitest';
import type { ProcessReport } from './compare-logs.ts';
import { createGapHistory } from './gap-history.ts';
import { formatSequences, parseSequences } from './sequences.ts';

/** A comparison in which one process has these lines missing and these waiting. */
function compared(missing: string, waiting = ''): ProcessReport[] {
  return [
    {
      service: 'metald',
      instance: 'a',
      first: 1,
      last: 100,
      written: 100,
      stored: 0,
      doubled: 0,
      gone: [],
      givenUp: [],
      missing: parseSequences(missing),
      waiting: parseSequences(waiting),
      overdue: [],
    },
  ];
}

const missingOf = (reports: readonly ProcessReport[]) => reports.map(({ missing }) => formatSequences(missing)).join();

test('a gap is missing when it has been open for so long, and no longer when it closes', () => {
  const history = createGapHistory(30);
  const seen = [0, 10, 20, 29, 30, 40].map((time) => missingOf(history.add(time, compared('5-9'))));
  expect(seen).toEqual(['', '', '', '', '5-9', '5-9']);
  expect(missingOf(history.add(50, compared('7')))).toBe('7');
  expect(missingOf(history.add(60, compared('')))).toBe('');
});

test('each gap has its own time', () => {
  const history = createGapHistory(30);
  history.add(0, compared('5'));
  history.add(20, compared('5, 8'));
  expect(missingOf(history.add(30, compared('5, 8')))).toBe('5');
  expect(missingOf(history.add(50, compared('5, 8')))).toBe('5, 8');
});

test('lines that waited before they were missing have had that time', () => {
  const history = createGapHistory(30);
  history.add(0, compared('', '5-9'));
  expect(missingOf(history.add(30, compared('5-9')))).toBe('5-9');
});

test('what is not missing yet waits', () => {
  const history = createGapHistory(30);
  expect(history.add(0, compared('5', '8'))).toMatchObject([{ missing: [], waiting: parseSequences('5, 8') }]);
});
