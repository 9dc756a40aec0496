import { describe, expect, test } from 'vitest';
import { parseOpenMetrics } from './openmetrics-parser.ts';

const good = `# TYPE jobs counter
# HELP jobs Jobs \\"done\\".
jobs_total{kind="a\\nb"} 3
# TYPE took_seconds histogram
took_seconds_bucket{le="0.5"} 1
took_seconds_bucket{le="+Inf"} 2
took_seconds_sum 1.5e-2
took_seconds_count 2
# EOF
`;

test('a page that follows the specification is read', () => {
  const families = parseOpenMetrics(good);
  expect([...families.keys()]).toEqual(['jobs', 'took_seconds']);
  expect(families.get('jobs')?.help).toBe('Jobs "done".');
  expect(families.get('jobs')?.samples[0]?.labels.get('kind')).toBe('a\nb');
});

test('an exemplar is read with its sample', () => {
  const page = good.replace('"} 3', '"} 3 # {trace_id="a } # {b=\\"c"} 0.5 1.7e9');
  const [sample] = parseOpenMetrics(page).get('jobs')?.samples ?? [];
  expect(sample?.value).toBe(3);
  expect(sample?.exemplar).toEqual({
    labels: new Map([['trace_id', 'a } # {b="c']]),
    value: 0.5,
    timestamp: 1_700_000_000,
  });
});

describe('a page is refused', () => {
  test.each([
    ['without # EOF', good.replace('# EOF\n', '')],
    ['with a counter without _total', good.replace('jobs_total', 'jobs')],
    ['with an edge that is no float', good.replace('le="0.5"', 'le="1"')],
    ['with buckets that fall', good.replace('le="0.5"} 1', 'le="0.5"} 5')],
    ['whose +Inf is not its count', good.replace('_count 2', '_count 3')],
    ['with a quotation mark that is not escaped', good.replace('a\\nb', 'a"b')],
    ['with a series twice', good.replace('jobs_total{', 'jobs_total{kind="a\\nb"} 3\njobs_total{')],
    ['with a family twice', good.replace('# EOF', '# TYPE jobs counter\n# EOF')],
    ['with an empty line', good.replace('# EOF', '\n# EOF')],
    ['with an exemplar on a sum', good.replace('1.5e-2', '1.5e-2 # {} 1')],
    ['with an exemplar without labels', good.replace('"} 3', '"} 3 # 1')],
    ['with an exemplar that is too long', good.replace('"} 3', `"} 3 # {id="${'x'.repeat(127)}"} 1`)],
    ['with an exemplar outside of time', good.replace('"} 3', '"} 3 # {} 1 NaN')],
    ['with a value that is no number', good.replace('} 3', '} three')],
  ])('%s', (_what, page) => {
    expect(() => parseOpenMetrics(page)).toThrow();
  });
});
