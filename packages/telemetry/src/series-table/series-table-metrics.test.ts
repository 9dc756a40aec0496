import { expect, test } from 'vitest';
import { createSeriesTable } from './series-table.ts';
import { seriesTableMetrics } from './series-table-metrics.ts';

test('tables say how many rows they have, take and have refused', async () => {
  const columns = { cpu: { name: 'cpu_percent', help: 'Load.', type: 'gauge' } } as const;
  const vms = createSeriesTable({ name: 'vms', labels: ['vm_id'], columns, maxRows: 1 });
  const hosts = createSeriesTable({ name: 'hosts', labels: ['host'], columns });
  const source = seriesTableMetrics([vms, hosts]);
  for (const vm_id of ['a', 'b', 'c']) vms.add({ vm_id });
  const samples = Array.from(await source(), (family) => ('samples' in family ? [family.type, ...family.samples] : []));
  const sample = (name: string, table: string, value: number) => ({ name, labels: { table }, value });
  expect(samples).toEqual([
    [
      'counter',
      sample('telemetry_series_table_overflow_total', 'vms', 2),
      sample('telemetry_series_table_overflow_total', 'hosts', 0),
    ],
    ['gauge', sample('telemetry_series_table_rows', 'vms', 1), sample('telemetry_series_table_rows', 'hosts', 0)],
    [
      'gauge',
      sample('telemetry_series_table_rows_limit', 'vms', 1),
      sample('telemetry_series_table_rows_limit', 'hosts', 100_000),
    ],
  ]);
});
