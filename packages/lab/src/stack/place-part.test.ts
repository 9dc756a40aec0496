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

test('the collector gets its configuration for this host: its own folders, moved ports, no port open to others', async () => {
  const { flags, url, readyUrl } = await placePart('otelcol', options);
  const file = join(folder, 'otelcol/otel-collector.yml');
  expect(flags).toContain(`--config=${file}`);
  expect([url, readyUrl]).toEqual(['http://127.0.0.1:14318', 'http://127.0.0.1:23133/']);
  const config = await readFile(file, 'utf8');
  expect(config).toContain(`directory: ${join(folder, 'otelcol-data')}\n`);
  expect(config).toContain('include: [/logs/metald/*.log, /logs/billaged/*.log]');
  expect(config).toContain('endpoint: 127.0.0.1:24317\n');
  expect(config).toContain('port: 18888\n');
  expect(config).not.toContain('0.0.0.0');
});

test('tail sampling is laid over it when it is asked for', async () => {
  const withoutIt = await placePart('otelcol', options);
  const withIt = await placePart('otelcol', { ...options, tailSampling: true });
  const more = withIt.flags.filter((flag) => !withoutIt.flags.includes(flag));
  expect(more).toEqual([`--config=${join(folder, 'otelcol/tail-sampling.yml')}`]);
});

test('a part without a configuration needs none', async () => {
  const { flags } = await placePart('node_exporter', options);
  expect(flags).toEqual(['--web.listen-address=127.0.0.1:19100']);
});
