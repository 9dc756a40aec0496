import { expect, test } from 'vitest';
import { placeInQuery } from './query.ts';
import { readDashboardQueries } from './read-dashboard-queries.ts';

const prometheus = { type: 'prometheus', uid: 'prometheus' };
const logStore = { type: 'logs-store', uid: 'logs-store' };

function read(dashboard: object): { name: string; expression: string }[] {
  return readDashboardQueries('a.json', JSON.stringify(dashboard)).map(({ name, expression }) => ({
    name,
    expression,
  }));
}

test('panels, also those in rows, give their queries to Prometheus', () => {
  const panels = [
    { title: 'A', datasource: prometheus, targets: [{ expr: 'a' }, { expr: 'b' }] },
    { title: 'Row', type: 'row', panels: [{ title: 'B', targets: [{ datasource: prometheus, expr: 'c' }] }] },
    { title: 'Logs', datasource: logStore, targets: [{ expr: '{job="d"}' }] },
    { title: 'Mixed', datasource: { type: 'datasource', uid: '-- Mixed --' }, targets: [{ expr: 'e' }] },
    { title: 'Mixed logs', datasource: prometheus, targets: [{ datasource: logStore, expr: '{job="f"}' }] },
    { title: 'Text', type: 'text' },
  ];
  expect(read({ panels })).toEqual([
    { name: 'A', expression: 'a' },
    { name: 'A', expression: 'b' },
    { name: 'B', expression: 'c' },
    { name: 'Mixed', expression: 'e' },
  ]);
  expect(read({ dashboard: { panels: panels.slice(0, 1) } })).toHaveLength(2);
});

test('a data source that is a variable is what the variable chooses from', () => {
  const list = [
    { name: 'metrics', type: 'datasource', query: 'prometheus' },
    { name: 'logs', type: 'datasource', query: 'logs' },
  ];
  const panels = [
    { title: 'A', datasource: { uid: '$metrics' }, targets: [{ expr: 'a' }] },
    { title: 'B', datasource: { uid: `\${logs}` }, targets: [{ expr: '{job="b"}' }] },
  ];
  expect(read({ panels, templating: { list } })).toEqual([{ name: 'A', expression: 'a' }]);
});

test('variables and annotations ask Prometheus, too', () => {
  const variable = { type: 'query', datasource: prometheus };
  const list = [
    { ...variable, name: 'job', query: { query: 'label_values(up{a="b"}, job)', refId: 'A' } },
    { ...variable, name: 'vm', query: 'label_values(metald_cpu_usage_percent, vm_id)' },
    { ...variable, name: 'all', query: 'label_values(job)' },
    { ...variable, name: 'top', query: 'query_result(topk(3, a))' },
    { ...variable, name: 'log', query: 'label_values(job, b)', datasource: logStore },
    { name: 'interval', type: 'interval', query: '1m,5m' },
  ];
  const annotations = [
    { name: 'Restarts', datasource: prometheus, expr: 'changes(a[5m]) > 0' },
    { name: 'Alerts', datasource: { type: 'grafana', uid: '-- Grafana --' }, expr: 'b' },
  ];
  expect(read({ annotations: { list: annotations }, templating: { list } })).toEqual([
    { name: 'annotation Restarts', expression: 'changes(a[5m]) > 0' },
    { name: 'variable job', expression: 'group by (job) (up{a="b"})' },
    { name: 'variable vm', expression: 'group by (vm_id) (metald_cpu_usage_percent)' },
    { name: 'variable top', expression: 'topk(3, a)' },
  ]);
});

test('the place of a character is that in the file, escapes included', () => {
  const panels = [{ title: 'A', targets: [{ expr: 'rate(a{b="c"}[5m])\n/ b' }] }];
  const json = JSON.stringify({ panels }, null, 2);
  const [query] = readDashboardQueries('a.json', json);
  if (query === undefined) throw new Error('no query');
  const lines = json.split('\n');
  for (const [offset, character] of [...query.expression].entries()) {
    if (/\s/.test(character)) continue;
    const { line, column } = placeInQuery(query, offset);
    expect(lines[line - 1]?.[column - 1]).toBe(character);
  }
});

test('what is no dashboard is refused by name', () => {
  expect(() => readDashboardQueries('a.json', '{')).toThrow('a.json is not JSON');
  expect(() => readDashboardQueries('a.json', '[]')).toThrow('a.json is no Grafana dashboard');
});
