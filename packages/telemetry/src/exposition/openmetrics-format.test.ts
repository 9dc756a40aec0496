import { expect, test } from 'vitest';
import type { MetricFamily } from './family.ts';
import { gather, writeOpenMetrics, writeText } from './testing/read-page.ts';

async function pageOf(...yielded: MetricFamily[]): Promise<string> {
  const { families, errors } = await gather([() => yielded]);
  expect(errors).toEqual([]);
  return writeOpenMetrics(families);
}

function gaugeOf(value: number, labels: Record<string, string | number> = {}): MetricFamily {
  return { name: 'temperature', help: 'Heat.', type: 'gauge', samples: [{ name: 'temperature', labels, value }] };
}

test('a counter is declared without _total and its samples have it', async () => {
  const counterOf = (name: string): MetricFamily => ({
    name,
    help: 'Boots.',
    type: 'counter',
    samples: [{ name, labels: { status: 'failed' }, value: 0 }],
  });
  const page = '# TYPE boots counter\n# HELP boots Boots.\nboots_total{status="failed"} 0\n# EOF\n';
  expect(await pageOf(counterOf('boots_total'))).toBe(page);
  expect(await pageOf(counterOf('boots'))).toBe(page);
});

test('bucket edges are floats and counts are integers', async () => {
  const family: MetricFamily = {
    name: 'wait_seconds',
    help: 'Waiting.',
    type: 'histogram',
    samples: [
      { name: 'wait_seconds_bucket', labels: { le: 0.5, host: 'a' }, value: 0 },
      { name: 'wait_seconds_bucket', labels: { le: 1, host: 'a' }, value: 2 },
      { name: 'wait_seconds_bucket', labels: { le: 10, host: 'a' }, value: 2 },
      { name: 'wait_seconds_bucket', labels: { le: '+Inf', host: 'a' }, value: 3 },
      { name: 'wait_seconds_sum', labels: { host: 'a' }, value: 14.5 },
      { name: 'wait_seconds_count', labels: { host: 'a' }, value: 3 },
    ],
  };
  expect((await pageOf(family)).split('\n')).toEqual([
    '# TYPE wait_seconds histogram',
    '# HELP wait_seconds Waiting.',
    'wait_seconds_bucket{le="0.5",host="a"} 0',
    'wait_seconds_bucket{le="1.0",host="a"} 2',
    'wait_seconds_bucket{le="10.0",host="a"} 2',
    'wait_seconds_bucket{le="+Inf",host="a"} 3',
    'wait_seconds_sum{host="a"} 14.5',
    'wait_seconds_count{host="a"} 3',
    '# EOF',
    '',
  ]);
});

test('the quantiles of a summary are floats', async () => {
  const family: MetricFamily = {
    name: 'wait_seconds',
    help: 'Waiting.',
    type: 'summary',
    samples: [{ name: 'wait_seconds', labels: { quantile: 1 }, value: 7 }],
  };
  expect(await pageOf(family)).toContain('\nwait_seconds{quantile="1.0"} 7\n');
});

test.for([
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
  [42, '42'],
] as const)('the value %s is written as %s', async ([value, written]) => {
  expect(await pageOf(gaugeOf(value))).toContain(`\ntemperature ${written}\n`);
});

test('backslash, quotation mark and line feed are escaped in label values and in HELP', async () => {
  const page = await pageOf({ ...gaugeOf(1, { path: 'C:\\"new"\n' }), help: 'The "heat"\nof C:\\.' });
  expect(page).toContain(String.raw`temperature{path="C:\\\"new\"\n"} 1${'\n'}`);
  expect(page).toContain(String.raw`# HELP temperature The \"heat\"\nof C:\\.${'\n'}`);
});

test('every page ends with one EOF', async () => {
  expect(await pageOf()).toBe('# EOF\n');
  const samples = [{ name: 'humidity', labels: {}, value: 1 }];
  const page = await pageOf(gaugeOf(1), { name: 'humidity', help: '', type: 'unknown', samples });
  expect(page).toContain('# TYPE humidity unknown\n');
  expect(page.indexOf('# EOF')).toBe(page.length - '# EOF\n'.length);
});

test('only OpenMetrics shows the exemplars of counters and buckets', async () => {
  const exemplar = { labels: { trace_id: 'a"b' }, value: 0.75, timestamp: 1_700_000_000.25 };
  const written = String.raw` # {trace_id="a\"b"} 0.75 1700000000.25`;
  const counter: MetricFamily = {
    name: 'boots_total',
    help: '',
    type: 'counter',
    samples: [{ name: 'boots_total', labels: {}, value: 2, exemplar }],
  };
  const histogram: MetricFamily = {
    name: 'wait_seconds',
    help: '',
    type: 'histogram',
    samples: [
      { name: 'wait_seconds_bucket', labels: { le: 1 }, value: 1, exemplar },
      { name: 'wait_seconds_bucket', labels: { le: '+Inf' }, value: 1 },
      { name: 'wait_seconds_count', labels: {}, value: 1 },
    ],
  };
  expect((await pageOf(counter, histogram)).split('\n')).toEqual([
    '# TYPE boots counter',
    `boots_total 2${written}`,
    '# TYPE wait_seconds histogram',
    `wait_seconds_bucket{le="1.0"} 1${written}`,
    'wait_seconds_bucket{le="+Inf"} 1',
    'wait_seconds_count 1',
    '# EOF',
    '',
  ]);
  const { families } = await gather([() => [counter, histogram]]);
  expect(writeText(families)).not.toContain('trace_id');
});
