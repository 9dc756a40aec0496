import { expect, test } from 'vitest';
import type { Expression } from './expression.ts';
import { ExpressionError, parseExpression } from './parse-expression.ts';

/** The structure of an expression as text, each operation in brackets. */
function outline(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
    case 'text':
      return JSON.stringify(expression.value);
    case 'selector': {
      const matchers = expression.matchers.map(({ label, operator, value }) => `${label}${operator}${value}`);
      return `${expression.name ?? '?'}${matchers.length > 0 ? `{${matchers.join()}}` : ''}`;
    }
    case 'range':
      return `${outline(expression.inner)}[${expression.seconds ?? expression.text}${expression.isSubquery ? ':' : ''}]`;
    case 'call':
      return `${expression.name}(${expression.args.map(outline).join(', ')})`;
    case 'aggregation': {
      const { name, grouping, parameter, inner } = expression;
      const by = grouping && ` ${grouping.mode} ${grouping.labels.map((label) => label.name).join()} `;
      return `${name}${by ?? ''}(${parameter === undefined ? '' : `${outline(parameter)}, `}${outline(inner)})`;
    }
    case 'binary': {
      const { left, operator, isBool, matching, right } = expression;
      const names = (labels: readonly { name: string }[]) => labels.map(({ name }) => name).join();
      const on = matching && ` ${matching.mode} ${names(matching.labels)}`;
      const group = matching?.group && ` group_${matching.group} ${names(matching.include)}`;
      return `(${outline(left)} ${operator}${isBool ? ' bool' : ''}${on ?? ''}${group ?? ''} ${outline(right)})`;
    }
    case 'brackets':
      return outline(expression.inner);
    default:
      return `${expression.kind}(${outline(expression.inner)})`;
  }
}

test.for([
  ['sum(rate(a{b="c",d=~"e.*"}[5m])) by (b)', 'sum by b (rate(a{b=c,d=~e.*}[300]))'],
  ['sum without (b) (a)', 'sum without b (a)'],
  ['topk(3, a)', 'topk(3, a)'],
  ['a / on (b) group_left (c) d', '(a / on b group_left c d)'],
  ['a / ignoring (b) d > bool 2', '((a / ignoring b d) > bool 2)'],
  ['{__name__="a", b!="c"}', 'a{__name__=a,b!=c}'],
  ['{"a", b!~"c"}', 'a{b!~c}'],
  ['max_over_time(a[1h30m:1m])', 'max_over_time(a[5400:])'],
  ['a{b="\\"\\\\."}', 'a{b="\\.}'],
  ['-a ^ 2', 'sign((a ^ 2))'],
  ['a > 1h', '(a > 3600)'],
  ['# why\na # and\n/ # what\nb', '(a / b)'],
] as const)('%s is read', ([text, expected]) => {
  expect(outline(parseExpression(text))).toBe(expected);
});

test.for([
  ['a + b offset 5m', '(a + shift(b))'],
  ['a unless b offset 5m or c', '((a unless shift(b)) or c)'],
  ['a + b offset 5m * c', '(a + (shift(b) * c))'],
  ['a + b @ start() > 1', '((a + shift(b)) > 1)'],
  ['(a + b) offset 5m', 'shift((a + b))'],
  ['a - -b offset 5m', '(a - sign(shift(b)))'],
  ['a ^ b offset 5m ^ c', '(a ^ (shift(b) ^ c))'],
] as const)('%s: what follows an operand belongs to it alone', ([text, expected]) => {
  expect(outline(parseExpression(text))).toBe(expected);
});

test.for([
  ['rate(a[$__rate_interval])', 'rate(a[$__rate_interval])'],
  [`rate(a[\${window}])`, `rate(a[\${window}])`],
  [`increase(a[\${__range_s}s])`, `increase(a[\${__range_s}s])`],
  ['max_over_time(a[$__range:$__interval])', 'max_over_time(a[$__range:])'],
  ['a{job=~"$job", vm_id="[[vm]]"}', 'a{job=~$job,vm_id=[[vm]]}'],
  ['sum by (job, $label) ($metric)', 'sum by job (?)'],
  [`rate(metald_\${what}_total[5m])`, 'rate(?[300])'],
  ['a offset $shift', 'shift(a)'],
] as const)('%s: a Grafana variable stands for what is not known', ([text, expected]) => {
  expect(outline(parseExpression(text))).toBe(expected);
});

test.for([
  ['sum(', 4],
  ['', 0],
  ['rate(a[5x])', 8],
  ['nosuchfunction(a)', 0],
  ['a b', 2],
  ['a{b="c}', 4],
] as const)('%s is not PromQL, and its place is reported', ([text, offset]) => {
  let error: unknown;
  try {
    parseExpression(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ExpressionError);
  expect(error).toMatchObject({ offset });
});
