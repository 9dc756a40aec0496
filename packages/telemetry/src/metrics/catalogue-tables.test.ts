import { expect, test } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import { scrape } from './testing/read-samples.ts';

const cpu = { name: 'vm_cpu_usage_percent', help: 'Load of the processors.', type: 'gauge' } as const;

function tableOf(catalogue: ReturnType<typeof createCatalogue>, name = 'vms') {
  return catalogue.seriesTable({ name, labels: ['vm_id'], columns: { cpu }, maxRows: 2 });
}

test('the rows of a table and its own metrics are on the page', async () => {
  const catalogue = createCatalogue();
  const vms = tableOf(catalogue);
  for (const vm_id of ['a', 'b', 'c']) vms.columns.cpu.set(vms.add({ vm_id }), 12.5);
  const { page, errors } = await scrape(catalogue);
  expect(errors).toEqual([]);
  expect(page.split('\n').filter((line) => /^(vm_|telemetry_series_table)/.test(line))).toEqual([
    'telemetry_series_table_overflow_total{table="vms"} 1',
    'telemetry_series_table_rows{table="vms"} 2',
    'telemetry_series_table_rows_limit{table="vms"} 2',
    'vm_cpu_usage_percent{vm_id="a"} 12.5',
    'vm_cpu_usage_percent{vm_id="b"} 12.5',
  ]);
});

test('the metrics of a table are among the entries of its catalogue', () => {
  const catalogue = createCatalogue();
  tableOf(catalogue);
  expect(catalogue.entries.map(({ name }) => name)).toEqual([
    'telemetry_series_table_overflow_total',
    'telemetry_series_table_rows',
    'telemetry_series_table_rows_limit',
    'vm_cpu_usage_percent',
  ]);
});

test('a name belongs to a table or an instrument, whichever is first', () => {
  const catalogue = createCatalogue();
  tableOf(catalogue);
  expect(() => tableOf(catalogue, 'others')).toThrow(/vm_cpu_usage_percent cannot be in the series table others/);
  expect(() => catalogue.gauge(cpu)).toThrow(/vm_cpu_usage_percent is a metric of a series table already/);
  const second = createCatalogue();
  second.gauge(cpu);
  expect(() => tableOf(second)).toThrow(/vm_cpu_usage_percent cannot be in the series table vms: it is defined/);
});

test('values can be set at each scrape and a failure of that only loses the table', async () => {
  const catalogue = createCatalogue();
  catalogue.gauge({ name: 'other', help: 'Another one.' });
  let reads = 0;
  const vms = catalogue.seriesTable({
    name: 'vms',
    labels: ['vm_id'],
    columns: { cpu },
    beforeRead() {
      reads += 1;
      if (reads === 3) throw new Error('no fleet');
      vms.columns.cpu.set(vms.add({ vm_id: 'a' }), reads);
    },
  });
  for (const value of [1, 2])
    expect((await scrape(catalogue)).page).toContain(`vm_cpu_usage_percent{vm_id="a"} ${value}\n`);
  const { page, errors } = await scrape(catalogue);
  expect(page).toContain('other 0\n');
  expect(page).not.toContain('vm_cpu_usage_percent');
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('no fleet')]);
});
