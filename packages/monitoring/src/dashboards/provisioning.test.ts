import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { generateDashboards } from './generate-dashboards.ts';

interface DataSource {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly jsonData: Readonly<Record<string, unknown>>;
}

const root = join(import.meta.dirname, '../../../..');

/** A YAML file of the repository. The caller states its shape; a test that reads a missing field fails. */
function read<Content>(path: string): Content {
  return parse(readFileSync(join(root, path), 'utf8'));
}

const provisioning = read<{ prune: boolean; datasources: readonly DataSource[] }>(
  'compose/grafana/provisioning/datasources/datasources.yaml',
);
const { datasources } = provisioning;

/** Every value in a tree, with its path. */
function* valuesOf(tree: unknown, path = ''): Generator<{ path: string; value: unknown }> {
  if (typeof tree !== 'object' || tree === null) {
    yield { path, value: tree };
    return;
  }
  for (const [key, inner] of Object.entries(tree)) yield* valuesOf(inner, `${path}/${key}`);
}

function jsonDataOf(uid: string): Readonly<Record<string, unknown>> | undefined {
  return datasources.find((source) => source.uid === uid)?.jsonData;
}

test('the four data sources have fixed uids, and others are removed', () => {
  expect(datasources.map(({ uid, type, url }) => [uid, type, url])).toEqual([
    ['prometheus', 'prometheus', 'http://prometheus:9090'],
    ['jaeger', 'jaeger', 'http://jaeger:16686'],
    ['victorialogs', 'victoriametrics-logs-datasource', 'http://victorialogs:9428'],
    ['alertmanager', 'alertmanager', 'http://alertmanager:9093'],
  ]);
  expect(provisioning.prune).toBe(true);
});

test('a data source that another one or a dashboard names exists', () => {
  const uids = datasources.map(({ uid }) => uid);
  const named = [...valuesOf(datasources)].filter(({ path }) => /\/(datasourceUid|alertmanagerUid)$/.test(path));
  expect(named.length).toBeGreaterThan(0);
  for (const { path, value } of named) expect(uids, path).toContain(value);

  for (const content of generateDashboards().values()) {
    const dashboard = JSON.parse(content);
    const chosen = dashboard.templating.list.find(({ type }: { type: string }) => type === 'datasource');
    expect(chosen.current.value).toBe('prometheus');
    for (const { path, value } of valuesOf(dashboard)) {
      if (path.endsWith('/datasource/uid')) expect(['$datasource', ...uids], path).toContain(value);
    }
  }
});

test('each $ for Grafana is doubled, so that it is not an environment variable', () => {
  const texts = [...valuesOf(datasources)].flatMap(({ path, value }) =>
    typeof value === 'string' && value.includes('$') ? [{ path, value }] : [],
  );

  expect(texts.map(({ value }) => value)).toEqual([
    'trace_id:="$${__trace.traceId}" | first 1 by (_time) partition by (_time, _msg, service.instance.id, log.seq)',
    '$${__value.raw}',
  ]);
});

test('metric, trace and log lead to each other', () => {
  expect(jsonDataOf('prometheus')?.['exemplarTraceIdDestinations']).toMatchObject([
    { name: 'trace_id', datasourceUid: 'jaeger' },
  ]);
  expect(jsonDataOf('jaeger')?.['tracesToLogsV2']).toMatchObject({ datasourceUid: 'victorialogs', customQuery: true });
  expect(jsonDataOf('victorialogs')?.['derivedFields']).toMatchObject([
    { matcherType: 'label', matcherRegex: 'trace_id', datasourceUid: 'jaeger' },
  ]);
});

test('the shortest rate of a panel covers four scrapes', () => {
  const prometheus = read<{
    global: { scrape_interval: string };
    scrape_configs: readonly { job_name: string; scrape_interval?: string }[];
  }>('compose/prometheus/prometheus.yml');
  const intervals = prometheus.scrape_configs
    .filter(({ job_name }) => /^(metald|billaged)$/.test(job_name))
    .map(({ scrape_interval }) => scrape_interval ?? prometheus.global.scrape_interval);

  expect(intervals).toHaveLength(2);
  for (const interval of intervals) expect(jsonDataOf('prometheus')?.['timeInterval']).toBe(interval);
});

test('dashboards are read from a folder that nobody changes by hand', () => {
  expect(read('compose/grafana/provisioning/dashboards/dashboards.yaml')).toMatchObject({
    providers: [
      {
        type: 'file',
        disableDeletion: true,
        allowUiUpdates: false,
        options: { path: '/etc/grafana/dashboards', foldersFromFilesStructure: true },
      },
    ],
  });
});
