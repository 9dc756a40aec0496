import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  dashboardsFolder,
  readAlertExpectations,
  readAlertRules,
  readRecordingNames,
  runbooksFolder,
} from './rule-files.ts';

const rules = await readAlertRules();
const alertNames = new Set(rules.map(({ alert }) => alert));
const expectations = await readAlertExpectations();
const runbooks = await readdir(runbooksFolder);
const dashboards = await readdir(dashboardsFolder);

const runbookUrl = /^https:\/\/github\.com\/vmobs\/vmobs\/blob\/main\/docs\/runbooks\/([A-Za-z]+\.md)$/;

/** Section 4 of the monitoring guide: name, file, group, interval of the group, `for`, severity. */
const guideAlerts = [
  ['ServiceDown', 'critical.yml', 'critical', '30s', '2m', 'critical'],
  ['HighErrorRate', 'critical.yml', 'critical', '30s', '5m', 'critical'],
  ['BillingDataLossRisk', 'critical.yml', 'critical', '30s', '5m', 'critical'],
  ['HighMemoryUsage', 'warnings.yml', 'warnings', '1m', '10m', 'warning'],
  ['SlowBillingProcessing', 'warnings.yml', 'warnings', '1m', '10m', 'warning'],
  ['VMBootFailures', 'warnings.yml', 'warnings', '1m', '10m', 'warning'],
] as const;

/** Section 7 of the monitoring guide: its indicators are recorded under their own names. */
const guideIndicators: ReadonlySet<string> = new Set([
  'metald_availability',
  'metald_latency_p99',
  'billing_data_completeness',
  'billaged_processing_success',
  'billaged_aggregation_latency',
]);

/**
 * Whether a case about one alert proves another. The generated alerts of objectives are two expressions, page and ticket,
 * with other numbers for each objective, so a case of one is a case of its kind; every other alert needs its own.
 */
function isCaseOf(alert: string, file: string, alertname: string): boolean {
  if (file !== 'slo.yml') return alertname === alert;
  const kind = /BurnRate(?:Page|Ticket)$/;
  return kind.exec(alertname)?.[0] === kind.exec(alert)?.[0];
}

test.each(guideAlerts)('the alert %s of the guide keeps its place, times and severity', (name, ...expected) => {
  const rule = rules.find(({ alert }) => alert === name);
  expect([rule?.file, rule?.group, rule?.interval, rule?.for, rule?.labels?.['severity']]).toEqual(expected);
});

describe.each(rules)('the alert $alert of $file', ({ alert, file, labels, annotations }) => {
  test('says how urgent it is and whose it is', () => {
    expect(['critical', 'warning', 'none']).toContain(labels?.['severity']);
    expect(['platform', 'billing']).toContain(labels?.['team']);
  });

  test('says what is wrong', () => {
    expect(annotations?.['summary']).toMatch(/\w/);
    expect(annotations?.['description']).toMatch(/\w/);
  });

  test('has a runbook that exists', () => {
    const [, file] = runbookUrl.exec(annotations?.['runbook_url'] ?? '') ?? [];
    expect(runbooks).toContain(file);
  });

  test('has a dashboard that exists', () => {
    const url = annotations?.['dashboard_url'] ?? '';
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:3000\/d\/./);
    // A template may choose between dashboards: each that it names has to be there.
    const uids = url.match(/\b[a-z]+(?:-[a-z]+)+\b/g) ?? [];
    expect(uids).not.toEqual([]);
    expect(dashboards).toEqual(expect.arrayContaining(uids.map((uid) => `${uid}.json`)));
  });

  test('is proven to fire, and to be silent', () => {
    const ours = expectations.filter(({ alertname }) => isCaseOf(alert, file, alertname));
    const firing = ours.filter(({ exp_alerts }) => exp_alerts !== undefined && exp_alerts.length > 0);
    expect(firing.length, 'expectations that it fires').toBeGreaterThan(0);
    expect(ours.length - firing.length, 'expectations that it is silent').toBeGreaterThan(0);
  });
});

test('no case is about an alert that does not exist', () => {
  expect(expectations.map(({ alertname }) => alertname).filter((name) => !alertNames.has(name))).toEqual([]);
});

test('recording rules are named level:metric:operations', async () => {
  const names = await readRecordingNames();
  const misnamed = names.filter((name) => !guideIndicators.has(name) && !/^[a-z_]+:[a-z0-9_]+:[a-z0-9_]+$/.test(name));
  expect(misnamed).toEqual([]);
});
