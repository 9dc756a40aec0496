import { expect, test } from 'vitest';
import { placeInQuery } from './query.ts';
import { readRuleQueries } from './read-rule-queries.ts';

const file = `# a comment
groups:
  - name: one
    rules:
      - record: job:a:rate5m
        expr: sum by (job) (rate(a[5m]))
        labels:
          tier: "1"
      - alert: Quoted
        expr: "a{b=\\"c\\"} >\\n 1"
        annotations:
          may_be_absent: it comes later
  - name: two
    rules:
      - alert: Single
        expr: 'a{b="c"} > 2'
        labels:
          may_be_absent: "because"
      - alert: Block
        expr: |
          a{b="c"}
            > 3
      - alert: Folded
        expr: >-
          a{b="c"}

          > 4
      - alert: WithoutAnExpression
`;

const queries = readRuleQueries('a.yml', file);

test('each rule with an expression becomes a query of its kind', () => {
  expect(queries.map(({ kind, name, file: path }) => [kind, name, path])).toEqual([
    ['recording', 'job:a:rate5m', 'a.yml'],
    ['alert', 'Quoted', 'a.yml'],
    ['alert', 'Single', 'a.yml'],
    ['alert', 'Block', 'a.yml'],
    ['alert', 'Folded', 'a.yml'],
  ]);
  expect(queries[0]).toMatchObject({ expression: 'sum by (job) (rate(a[5m]))', labels: { tier: '1' } });
});

test('an alert says in its annotations or labels why its series may be absent', () => {
  expect(queries.map(({ mayBeAbsent }) => mayBeAbsent)).toEqual([
    undefined,
    'it comes later',
    'because',
    undefined,
    undefined,
  ]);
});

test('every character keeps its place in the file, however the text is written', () => {
  const lines = file.split('\n');
  for (const query of queries) {
    const { expression, namePlace, name } = query;
    expect(lines[(namePlace?.line ?? 0) - 1]?.slice((namePlace?.column ?? 0) - 1)).toBe(name);
    for (const [offset, character] of [...expression].entries()) {
      if (/\s/.test(character)) continue;
      const { line, column } = placeInQuery(query, offset);
      expect(lines[line - 1]?.[column - 1]).toBe(character);
    }
  }
});

test('the numbers of the thresholds are on the lines where they are read', () => {
  const placeOfEnd = queries.slice(1).map((query) => placeInQuery(query, query.expression.trimEnd().length - 1));
  expect(placeOfEnd).toEqual([
    { line: 10, column: 31 },
    { line: 16, column: 27 },
    { line: 22, column: 15 },
    { line: 27, column: 13 },
  ]);
});

test('a query without a file is counted line by line', () => {
  const query = {
    kind: 'sli',
    name: 'a',
    expression: 'a\n  / b',
    file: 'slos.yaml',
    place: { line: 3, column: 9 },
  } as const;
  expect(placeInQuery(query, 0)).toEqual({ line: 3, column: 9 });
  expect(placeInQuery(query, 6)).toEqual({ line: 4, column: 5 });
});

test('what is no file of rules is refused by name', () => {
  expect(() => readRuleQueries('a.yml', 'groups: [')).toThrow('a.yml is not YAML');
  expect(() => readRuleQueries('a.yml', 'rules: []')).toThrow('a.yml is no file of rules: it needs a list "groups"');
});
