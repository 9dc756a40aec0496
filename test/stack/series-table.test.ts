import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createSeriesTable, seriesTableMetrics } from '@vmobs/telemetry/exposition';
import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FamilyServer, serveFamilies } from '../support/serve-families.ts';
import { type PrometheusProcess, startPrometheus } from './prometheus-process.ts';
import { requirePart } from './require-part.ts';

const prometheusPort = 31_191;

/** Every form in which a value is written: with and without a fraction, an exponent, a slot. */
const values = [
  ...[0, -1, 12.5, 0.1, 1 / 3, -1 / 3, 123_456.789, 1e-4, 9.9999e-5, 1e-12, -1e-12, 1e18, -1e18, 1e98, 1e99],
  ...[2 ** 53, -(2 ** 53), 99_999_999.999_999_99, 1e15 + 0.5, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE],
  ...[Number.NaN, Infinity, -Infinity],
];
const tails = ['', ' "quoted"', ' back\\slash', ' line\nfeed', ' é 中 🙂', ' {a="b"} 1'];

const io = { name: 'vm_io_bytes_total', help: 'Bytes "moved"\nby \\ VMs.', type: 'counter' } as const;
const table = createSeriesTable({
  name: 'vms',
  labels: ['vm_id'],
  columns: {
    load: { name: 'vm_load', help: 'Load.', type: 'gauge' },
    read: { ...io, labels: { op: 'read' } },
    written: { ...io, labels: { op: 'write' } },
  },
});
const rowCount = 1_500;
const expected = new Map<string, number>();
for (let index = 0; index < rowCount; index += 1) {
  const vm_id = `vm-${index}${tails[index % tails.length]}`;
  const row = table.add({ vm_id });
  const value = values[index % values.length] ?? 0;
  table.columns.load.set(row, value);
  if (value >= 0) table.columns.written.set(row, value);
  expected.set(vm_id, value);
}

let server: FamilyServer;
beforeAll(async () => {
  server = await serveFamilies({ others: [table.source, seriesTableMetrics([table])] });
});
afterAll(() => server.close());

test('promtool reads the page of a table', async () => {
  const page = await server.scrape('text/plain;version=0.0.4');
  const promtool = spawn(await requirePart('promtool'), ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'pipe'] });
  const said = Array.fromAsync(promtool.stderr.setEncoding('utf8'));
  promtool.stdin.end(page);
  const [status] = await once(promtool, 'close');
  expect([status, (await said).join('')]).toEqual([0, '']);
});

describe('a real Prometheus', () => {
  let prometheus: PrometheusProcess;
  const jobs = { openmetrics: 'OpenMetricsText1.0.0', text: 'PrometheusText0.0.4' };

  beforeAll(async () => {
    const scrapeConfigs = Object.entries(jobs).map(([job, protocol]) => ({
      job_name: job,
      scrape_protocols: [protocol],
      static_configs: [{ targets: [`127.0.0.1:${server.port}`] }],
    }));
    prometheus = await startPrometheus({
      program: await requirePart('prometheus'),
      port: prometheusPort,
      features: ['exemplar-storage'],
      config: { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: scrapeConfigs },
    });
  });
  afterAll(() => prometheus.end());

  interface Answer {
    readonly result: readonly { readonly metric: { readonly vm_id: string }; readonly value: [number, string] }[];
  }
  const ask = async (query: string) =>
    (await prometheus.ask<Answer>(`query?query=${encodeURIComponent(query)}`)).result;

  test.each(Object.keys(jobs))('reads what was set: %s', async (job) => {
    const found = await eventually(
      () => ask(`vm_load{job="${job}"}`),
      (all) => all.length > 0,
    );
    expect(found.map(({ metric }) => metric.vm_id).sort()).toEqual([...expected.keys()].sort());
    for (const { metric, value } of found) {
      const back = Number(value[1].replace('Inf', 'Infinity'));
      const set = expected.get(metric.vm_id) ?? 0;
      if (Object.is(back, set)) continue;
      expect(Math.abs(back - set), `${set}`).toBeLessThanOrEqual(Math.abs(set) * 1e-9);
    }
    const [counted] = await ask(`count(vm_io_bytes_total{job="${job}"})`);
    expect(counted?.value[1]).toBe(String(2 * rowCount));
    expect(server.takeErrors()).toEqual([]);
  });
});
