import { expect, test } from 'vitest';
import { readScrapeTimeout } from './scrape-deadline.ts';

test.for([
  ['10', 9_500],
  ['2.5', 2_250],
  ['0.1', 90],
  ['1e9', 599_500],
] as const)('a scraper that waits %s s gets its response within %i ms', ([header, timeoutMs]) => {
  expect(readScrapeTimeout(header, 60_000)).toBe(timeoutMs);
});

test.for([undefined, '', ' ', '0', '-1', 'NaN', 'Infinity', 'soon', ['1', '2']] as const)(
  'a header of %j means the default',
  (header) => {
    expect(readScrapeTimeout(header, 60_000)).toBe(60_000);
  },
);
