import { visitKind } from '../expression.ts';
import { metricsOf } from '../metric-knowledge.ts';
import { nearestName } from '../nearest-name.ts';
import type { Problem, Rule, Subject } from './rule.ts';

/** A metric that nobody serves or records. */
export const unknownMetric: Rule = {
  id: 'unknown-metric',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    for (const { part: selector } of visitKind(expression, 'selector')) {
      if (metricsOf(knowledge, selector)?.length !== 0) continue;
      const name = selector.name ?? '{__name__=~...}';
      yield { at: selector.from, message: `nothing serves or records ${name}; ${suggestion(name, knowledge)}` };
    }
  },
};

function suggestion(name: string, { metrics }: Subject['knowledge']): string {
  if (metrics.has(`${name}_bucket`)) return `it is a histogram: ask for ${name}_bucket, ${name}_sum or ${name}_count`;
  const nearest = nearestName(name, metrics.keys());
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  return 'docs/metrics.md lists the metrics of the services, foreign-metrics.ts those of others';
}

/** `rate`, `irate` and `increase` take every fall for a restart, so they are right on counters alone. */
export const rateOfNonCounter: Rule = {
  id: 'rate-of-non-counter',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    for (const { part: call } of visitKind(expression, 'call')) {
      if (!['rate', 'irate', 'increase'].includes(call.name)) continue;
      const [argument] = call.args;
      if (argument === undefined) continue;
      for (const { part: selector } of visitKind(argument, 'selector')) {
        const metric = metricsOf(knowledge, selector)?.find(({ type }) => type === 'gauge');
        if (metric === undefined) continue;
        const what = metric.isRecorded ? 'is recorded, and a recorded value is a gauge' : 'is a gauge';
        const mend = metric.isRecorded ? `record the ${call.name} itself` : 'use delta() or deriv()';
        yield { at: selector.from, message: `${call.name}() is for counters; ${metric.name} ${what}: ${mend}` };
      }
      for (const { part: aggregation } of visitKind(argument, 'aggregation'))
        yield {
          at: aggregation.from,
          message: `${call.name}() of ${aggregation.name}() takes the restart of one instance for a fall of all: write ${aggregation.name}(${call.name}(...))`,
        };
    }
  },
};

/** Functions that make sense of a counter, or look only at whether and when it is there. */
const counterFunctions: ReadonlySet<string> = new Set([
  'rate',
  'irate',
  'increase',
  'resets',
  'changes',
  'absent',
  'absent_over_time',
  'present_over_time',
  'count_over_time',
  'timestamp',
  'start_timestamp',
  // What stands in it is the matter of the rules on quantiles.
  'histogram_quantile',
]);

/** The value of a counter depends on when the process started; only its growth says something. */
export const rawCounter: Rule = {
  id: 'raw-counter',
  *check({ query, expression, knowledge }: Subject): Iterable<Problem> {
    if (query.kind === 'recording') return;
    for (const { part: selector, ancestors } of visitKind(expression, 'selector')) {
      const metric = metricsOf(knowledge, selector)?.find(({ type }) => type === 'counter');
      if (metric === undefined) continue;
      const isUsedAsCounter = ancestors.some(
        (ancestor, index) =>
          (ancestor.kind === 'call' && counterFunctions.has(ancestor.name)) ||
          (ancestor.kind === 'aggregation' && ['count', 'group'].includes(ancestor.name)) ||
          (ancestor.kind === 'binary' && isExistence(ancestor, ancestors[index + 1] ?? selector, selector.name)),
      );
      if (!isUsedAsCounter)
        yield {
          at: selector.from,
          message: `${metric.name} counts since its process started, so its value says little; use rate() or increase() of it`,
        };
    }
  },
};

type Binary = Extract<Subject['expression'], { kind: 'binary' }>;

/** `y and x` and `y unless x` ask whether x is there; `x unless x offset 5m` finds what is new. */
function isExistence({ operator, left, right }: Binary, side: Subject['expression'], name?: string): boolean {
  if (operator !== 'and' && operator !== 'unless') return false;
  if (side === right) return true;
  if (operator === 'and' || side !== left) return false;
  return Array.from(visitKind(right, 'shift')).some(({ part }) =>
    Array.from(visitKind(part, 'selector')).some(({ part: shifted }) => shifted.name === name),
  );
}
