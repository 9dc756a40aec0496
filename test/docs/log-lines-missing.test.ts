import { defaultIntervalMs, defaultSettleMs } from '@vmobs/lab/logs';
import { expect, test } from 'vitest';
import { readAlertRules, readScrapeInterval } from './rule-files.ts';

/** Reads a duration of Prometheus in one unit. */
function secondsOf(duration: string): number {
  const [, count, unit] = /^(\d+)([sm])$/.exec(duration) ?? [];
  if (count === undefined) throw new Error(`${duration} is no whole number of seconds or minutes`);
  return Number(count) * (unit === 'm' ? 60 : 1);
}

test('a gap that does not close in 30 s is an alert within 60 s of its beginning', async () => {
  const inGroup = (await readAlertRules()).filter(({ group }) => group === 'log-lines');
  const rule = inGroup.find(({ alert }) => alert === 'LogLinesMissing');
  expect(defaultSettleMs).toBe(30_000);
  const counted = (defaultSettleMs + defaultIntervalMs) / 1_000;
  const scrape = secondsOf(await readScrapeInterval('lab'));
  const evaluation = secondsOf(rule?.interval ?? 'none');
  const pending = secondsOf(rule?.for ?? '0s');
  expect(counted + scrape + evaluation + pending).toBeLessThanOrEqual(60);
});
