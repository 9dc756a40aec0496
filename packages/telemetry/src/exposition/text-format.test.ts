import { expect, test } from 'vitest';
import type { MetricFamily } from './family.ts';
import { gather, writeText } from './testing/read-page.ts';

async function pageOf(...yielded: MetricFamily[]): Promise<string> {
  const { families, errors } = await gather([() => yielded]);
  expect(errors).toEqual([]);
  return writeText(families);
}

function gaugeOf(value: number, labels: Record<string, string | number> = {}): MetricFamily {
  return { name: 'temperature', help: 'Heat.', type: 'gauge', samples: [{ name: 'temperature', labels, value }] };
}

test('a counter keeps its name with _total in every line', async () => {
  const family: MetricFamily = {
    name: 'boots_total',
    help: 'Boots.',
    type: 'counter',
    samples: [
      { name: 'boots_total', labels: {}, value: 3 },
      { name: 'boots_total', labels: { status: 'failed', host: 'a' }, value: 0 },
    ],
  };
  expect(await pageOf(family)).toBe(
    '# HELP boots_total Boots.\n# TYPE boots_total counter\nboots_total 3\nboots_total{status="failed",host="a"} 0\n',
  );
});

test('a histogram has its buckets, sum and count under one declaration', async () => {
  const family: MetricFamily = {
    name: 'wait_seconds',
    help: 'Waiting.',
    type: 'histogram',
    samples: [
      { name: 'wait_seconds_bucket', labels: { le: 1 }, value: 2 },
      { name: 'wait_seconds_bucket', labels: { le: '+Inf' }, value: 3 },
      { name: 'wait_seconds_sum', labels: {}, value: 4.5 },
      { name: 'wait_seconds_count', labels: {}, value: 3 },
    ],
  };
  expect((await pageOf(family)).split('\n')).toEqual([
    '# HELP wait_seconds Waiting.',
    '# TYPE wait_seconds histogram',
    'wait_seconds_bucket{le="1"} 2',
    'wait_seconds_bucket{le="+Inf"} 3',
    'wait_seconds_sum 4.5',
    'wait_seconds_count 3',
    '',
  ]);
});

test.for([
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
  [-0.25, '-0.25'],
  [1e21, '1e+21'],
] as const)('the value %s is written as %s', async ([value, written]) => {
  expect(await pageOf(gaugeOf(value))).toContain(`\ntemperature ${written}\n`);
});

test('backslash, quotation mark and line feed are escaped in a label value', async () => {
  expect(await pageOf(gaugeOf(1, { path: 'C:\\"new"\n' }))).toContain(
    String.raw`temperature{path="C:\\\"new\"\n"} 1${'\n'}`,
  );
});

test('HELP escapes backslash and line feed but no quotation mark', async () => {
  const family = { ...gaugeOf(1), help: 'The "heat"\nof C:\\.' };
  expect(await pageOf(family)).toContain(String.raw`# HELP temperature The "heat"\nof C:\\.${'\n'}`);
});

test('a metric of unknown type is untyped and no families make an empty page', async () => {
  expect(await pageOf({ ...gaugeOf(1), type: 'unknown' })).toContain('# TYPE temperature untyped\n');
  expect(await pageOf()).toBe('');
});

test('a family without HELP has no HELP line and one without samples is declared', async () => {
  const family: MetricFamily = { name: 'vms', help: '', type: 'gauge', samples: [] };
  expect(await pageOf(family)).toBe('# TYPE vms gauge\n');
});

test('rendered lines are copied unchanged', async () => {
  const { families } = await gather([
    () => [{ name: 'vms', help: 'VMs.', type: 'gauge', blocks: [Buffer.from('vms{zone="ä"} 1.00\n')] }],
  ]);
  expect(writeText(families)).toBe('# HELP vms VMs.\n# TYPE vms gauge\nvms{zone="ä"} 1.00\n');
});
