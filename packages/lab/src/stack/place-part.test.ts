import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PlaceOptions, placePart } from './place-part.ts';

let folder: string;
let options: PlaceOptions;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-place-part-'));
  options = {
    compose: join(import.meta.dirname, '../../../../compose'),
    folder,
    serviceLogs: '/logs',
    ports: { metaldMetrics: 1, billagedMetrics: 2, lab: 3 },
    portOffset: 10_000,
  };
});
afterEach(() => rm(folder, { recursive: true }));

test('the collector is configured with local folders, offset ports and loopback only', async () => {
  const { flags, url, readyUrl } = await placePart('otelcol', options);
  const file = join(folder, 'otelcol/otel-collector.yml');
  expect(flags).toContain(`--config=${file}`);
  expect([url, readyUrl]).toEqual(['http://127.0.0.1:14318', 'http://127.0.0.1:23133/']);
  const config = await readFile(file, 'utf8');
  expect(config).toContain(`directory: ${join(folder, 'otelcol-data')}\n`);
  for (const name of ['metald', 'billaged']) expect(config).toContain(`- /logs/${name}/*.log.[0-9]*\n`);
  expect(config).toContain('endpoint: 127.0.0.1:24317\n');
  expect(config).toContain('port: 18888\n');
  expect(config).not.toContain('0.0.0.0');
});

test('a second configuration file is added on request', async () => {
  const withoutIt = await placePart('otelcol', options);
  const withIt = await placePart('otelcol', { ...options, collectorConfig: 'tail-sampling.yml' });
  const more = withIt.flags.filter((flag) => !withoutIt.flags.includes(flag));
  expect(more).toEqual([`--config=${join(folder, 'otelcol/tail-sampling.yml')}`]);
});

test('further services have the given addresses', async () => {
  await placePart('otelcol', { ...options, addresses: { 'victorialogs-front:9428': '127.0.0.1:4' } });
  const config = await readFile(join(folder, 'otelcol/scale.yml'), 'utf8');
  expect(config).toContain('http://127.0.0.1:4/insert');
});

test('a part without a configuration needs none', async () => {
  const { flags } = await placePart('node_exporter', options);
  expect(flags).toEqual(['--web.listen-address=127.0.0.1:19100']);
});
