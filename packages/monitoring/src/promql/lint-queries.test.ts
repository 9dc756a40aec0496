import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foreignMetrics } from './foreign-metrics.ts';
import { lintQueries, ruleIds } from './lint-queries.ts';
import { createMetricKnowledge } from './metric-knowledge.ts';
import type { Query } from './query.ts';
import { readRuleQueries } from './read-rule-queries.ts';

const catalogue = JSON.parse(await readFile(join(import.meta.dirname, 'catalogue.json'), 'utf8'));
const jobs = new Map([
  ['metald', 15],
  ['billaged', 30],
  ['node', 15],
]);
const knowledge = createMetricKnowledge({ services: catalogue, foreign: foreignMetrics, jobs });

async function lintFixture(name: string) {
  const text = await readFile(join(import.meta.dirname, 'fixtures', name), 'utf8');
  return { text, findings: lintQueries(readRuleQueries(name, text), knowledge) };
}

function panel(expression: string): Query {
  return { kind: 'panel', name: 'a panel', expression, file: 'a.json', place: { line: 1, column: 1 } };
}

const rulesThatFindIn = (expression: string) => lintQueries([panel(expression)], knowledge).map(({ rule }) => rule);

test('every known mistake is found at its line, by its rule and by no other', async () => {
  const { text, findings } = await lintFixture('mistakes.yml');
  const expected = text.split('\n').flatMap((line, index) => {
    const rule = /# finds (\S+)$/.exec(line)?.[1];
    return rule === undefined ? [] : [`${index + 1} ${rule}`];
  });
  expect(findings.map(({ line, rule }) => `${line} ${rule}`)).toEqual(expected);
  expect(expected.length).toBeGreaterThanOrEqual(20);
});

test('every rule of the linter has a known mistake', async () => {
  const { findings } = await lintFixture('mistakes.yml');
  expect(new Set(findings.map(({ rule }) => rule))).toEqual(new Set(ruleIds));
});

test('queries without a mistake have no finding', async () => {
  const { findings } = await lintFixture('corrected.yml');
  expect(findings).toEqual([]);
});

test('a finding says what is wrong, what is allowed and what was probably meant', () => {
  const messageOf = (expression: string) => lintQueries([panel(expression)], knowledge)[0]?.message;
  expect(messageOf('metald_biling_queue_batches')).toBe(
    'nothing serves or records metald_biling_queue_batches; did you mean metald_billing_queue_batches?',
  );
  expect(messageOf('rate(metald_vm_operations_total{status="fail"}[5m])')).toBe(
    'status is never "fail"; it is one of success, failed; did you mean failed?',
  );
  expect(messageOf('rate(metald_disk_io_bytes_total{opp="read"}[5m])')).toBe(
    'metald_disk_io_bytes_total has no label opp; its labels are vm_id, op; did you mean op?',
  );
  expect(messageOf('up{job="billag"}')).toBe(
    'Prometheus scrapes no job "billag"; its jobs are metald, billaged, node; did you mean billaged?',
  );
});

test.for([
  'sum by (job, $by) (rate(metald_errors_total{job=~"$job",component="[[component]]"}[$__rate_interval]))',
  'increase(metald_errors_total[$__range])',
  'max_over_time(metald_vms_total[$__interval])',
  `topk($top, rate(\${metric}_total{vm_id=~"\${vm:regex}"}[\${window}]))`,
])('%s: a panel with Grafana variables has no finding', (expression) => {
  expect(rulesThatFindIn(expression)).toEqual([]);
});

test.for([
  ['rate(metald_errors_total[$__interval])', 'short-range'],
  ['metald_vm_operations_total', 'raw-counter'],
  ['rate(metald_errors_total{job="$job",component="disk"}[5m])', 'unknown-label-value'],
] as const)('%s: a panel is checked, too: %s', ([expression, rule]) => {
  expect(rulesThatFindIn(expression)).toEqual([rule]);
});

test('what only an alert needs is not asked of a panel', () => {
  expect(rulesThatFindIn('metald_cpu_usage_percent')).toEqual([]);
  expect(rulesThatFindIn('rate(metald_api_errors_total[5m]) / rate(metald_api_requests_total[5m])')).toEqual([]);
});

test('without jobs any job and the scrape interval of 15 s is taken', () => {
  const open = createMetricKnowledge({ services: catalogue });
  const find = (expression: string) => lintQueries([panel(expression)], open).map(({ rule }) => rule);
  expect(find('rate(billaged_errors_total{job="anything"}[30s])')).toEqual([]);
  expect(find('rate(billaged_errors_total{job="anything"}[29s])')).toEqual(['short-range']);
});
