import { expect, test } from 'vitest';
import { createCheckReport, repairCommandOf, writeCheckReport } from './check-report.ts';
import type { ProcessReport } from './compare-logs.ts';
import { parseSequences } from './sequences.ts';

const since = Date.parse('2026-11-30T12:00:00Z');

const context = {
  store: 'VictoriaLogs on http://127.0.0.1:9428',
  folders: ['/logs/metald', '/logs/billaged'],
  since,
  repairCommand: 'logs repair',
};

const clean: ProcessReport = {
  service: 'metald',
  instance: '0b1eb745',
  first: 1,
  last: 1_200,
  written: 1_200,
  stored: 1_200,
  doubled: 0,
  missing: [],
  gone: [],
  givenUp: [],
  waiting: [],
  overdue: [],
};
const damaged: ProcessReport = {
  ...clean,
  service: 'billaged',
  instance: 'd55ee126',
  stored: 1_190,
  doubled: 3,
  missing: parseSequences('7, 20-25'),
  gone: parseSequences('7'),
  givenUp: parseSequences('30-31'),
  waiting: parseSequences('1200'),
  overdue: parseSequences('1200'),
};

test('the text has a row for each process, its ranges, and what to do', () => {
  expect(writeCheckReport(context, [damaged, clean])).toBe(
    `VictoriaLogs on http://127.0.0.1:9428 against the log files in /logs/metald, /logs/billaged
lines written since 2026-11-30T12:00:00.000Z

service   process   first  last  in files  stored  missing  stored again
billaged  d55ee126      1  1200      1200    1190        7             3
    missing: 7, 20-25
    of these in no file any more: 7
    given up by the service: 30-31
    not stored yet: 1200
metald    0b1eb745      1  1200      1200    1200        0             0

7 lines are missing, 1 not stored yet, 3 stored again (queries show each line once)
to send them from the files: logs repair
the store has nothing newer: is the collector running?
if it will not run again: logs repair --also-waiting
`,
  );
});

test('after a repair it does not advise another for lines that the store dropped', () => {
  const text = writeCheckReport({ ...context, isRepaired: true }, [damaged]);
  expect(text).toContain('\n6 lines of the files could not be stored: docs/logs.md says what a store drops\n');
  expect(text).not.toContain('`pnpm logs repair`');
});

test('without a loss it says so, and advises nothing', () => {
  expect(writeCheckReport(context, [clean])).toMatch(/\n\nno line is missing\n$/);
  expect(writeCheckReport(context, [])).toMatch(/\nno numbered lines, neither in the files nor in the store\n$/);
});

test('the JSON has the same figures', () => {
  expect(JSON.parse(JSON.stringify(createCheckReport('a store', since, [damaged, clean])))).toMatchObject({
    store: 'a store',
    since: '2026-11-30T12:00:00.000Z',
    missing: 7,
    waiting: 1,
    overdue: 1,
    doubled: 3,
    processes: [
      { service: 'billaged', missing: '7, 20-25', gone: '7', givenUp: '30-31', waiting: '1200', stored: 1_190 },
      { service: 'metald', missing: '', written: 1_200 },
    ],
  });
});

test.for([
  [['--since', '2h', '--json'], {}, 'logs repair --since 2h'],
  [['--since=2h'], { npm_lifecycle_event: 'logs' }, 'npx -y pnpm@12 logs repair --since=2h'],
  [["--files=/my logs,/it's"], {}, `logs repair '--files=/my logs,/it'\\''s'`],
] as const)('the repair command for %j can be pasted into a shell', ([argv, env, command]) => {
  expect(repairCommandOf(argv, env)).toBe(command);
});
