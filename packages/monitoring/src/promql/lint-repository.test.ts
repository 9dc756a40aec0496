import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lintRepository } from './lint-repository.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lint-repository-test-'));
});
afterEach(() => rm(root, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

const prometheus = `
global:
  scrape_interval: 20s
scrape_configs:
  - job_name: metald
    static_configs:
      - targets: [localhost:9464]
        labels: { tier: one }
  - job_name: billaged
    scrape_interval: 1m
`;

test('linting uses the jobs, intervals and target labels of the configuration', async () => {
  await write('compose/prometheus/prometheus.yml', prometheus);
  await write(
    'compose/prometheus/rules/a.yml',
    `groups:
  - rules:
      - record: tier:metald_errors:rate1m
        expr: sum by (tier) (rate(metald_errors_total[40s]))
      - alert: A
        expr: rate(billaged_errors_total[1m]) > 1
      - alert: B
        expr: up{job="node"} == 0
`,
  );
  const panels = [{ title: 'P', targets: [{ expr: 'rate(tier:metald_errors:rate1m[5m])' }] }];
  await write('compose/grafana/dashboards/b.json', JSON.stringify({ panels }));
  const { findings, queryCount, fileCount } = await lintRepository(root);
  expect({ queryCount, fileCount }).toEqual({ queryCount: 4, fileCount: 2 });
  expect(findings).toMatchObject([
    { file: 'compose/prometheus/rules/a.yml', line: 6, column: 20, rule: 'short-range', query: 'A' },
    { file: 'compose/prometheus/rules/a.yml', line: 8, column: 18, rule: 'unknown-job', query: 'B' },
    { file: 'compose/grafana/dashboards/b.json', line: 1, rule: 'rate-of-non-counter', query: 'P' },
  ]);
});

test('a service that a file in targets/ names is a job with labels of its own', async () => {
  await write('compose/prometheus/prometheus.yml', prometheus);
  await write(
    'compose/prometheus/targets/shop.yml',
    '- targets: [localhost:1]\n  labels: { service: shop, shelf: a }\n',
  );
  const rules = 'groups: [{ rules: [{ alert: A, expr: \'sum by (shelf) (up{job="shop",service="shop"}) == 0\' }] }]';
  await write('compose/prometheus/rules/a.yml', rules);
  expect((await lintRepository(root)).findings).toEqual([]);
});

test('folders that are not there have no queries', async () => {
  await write('compose/prometheus/prometheus.yml', prometheus);
  expect(await lintRepository(root)).toEqual({ findings: [], queryCount: 0, fileCount: 0 });
});
