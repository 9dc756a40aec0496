import { visitKind } from '../expression.ts';
import { metricsOf } from '../metric-knowledge.ts';
import { nearestName } from '../nearest-name.ts';
import type { Problem, Rule, Subject } from './rule.ts';

/** A metric that nothing serves or records. */
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
  if (metrics.has(`${name}_bucket`)) return `it is a histogram: use ${name}_bucket, ${name}_sum or ${name}_count`;
  const nearest = nearestName(name, metrics.keys());
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  return 'docs/metrics.md lists the metrics of the services, foreign-metrics.ts those of others';
}

/** `rate`, `irate` and `increase` treat every decrease as a restart, so they are correct only for counters. */
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
        const fix = metric.isRecorded ? `record the ${call.name} itself` : 'use delta() or deriv()';
        yield { at: selector.from, message: `${call.name}() is for counters; ${metric.name} ${what}: ${fix}` };
      }
      for (const { part: aggregation } of visitKind(argument, 'aggregation'))
        yield {
          at: aggregation.from,
          message: `${call.name}() of ${aggregation.name}() treats the restart of one instance as a decrease of all: write ${aggregation.name}(${call.name}(...))`,
        };
    }
  },
};

/** Functions that handle counters, or only check whether and when a series exists. */
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
  // The rules on quantiles check its argument.
  'histogram_quantile',
]);

/** The value of a counter depends on when the process started; only its growth is meaningful. */
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
          message: `${metric.name} counts since its process started, so its value means little; use rate() or increase() of it`,
        };
    }
  },
};

type Binary = Extract<Subject['expression'], { kind: 'binary' }>;

/** `y and x` and `y unless x` check whether x exists; `x unless x offset 5m` finds new series. */
function isExistence({ operator, left, right }: Binary, side: Subject['expression'], name?: string): boolean {
  if (operator !== 'and' && operator !== 'unless') return false;
  if (side === right) return true;
  if (operator === 'and' || side !== left) return false;
  return Array.from(visitKind(right, 'shift')).some(({ part }) =>
    Array.from(visitKind(part, 'selector')).some(({ part: shifted }) => shifted.name === name),
  );
}

/** The service level indicators of the monitoring guide, which are recorded under the guide's names. */
const indicators: ReadonlySet<string> = new Set([
  'metald_availability',
  'metald_latency_p99',
  'billing_data_completeness',
  'billaged_processing_success',
  'billaged_aggregation_latency',
]);

const levelMetricOperations = /^[a-z_][a-z0-9_]*:[a-zA-Z_][a-zA-Z0-9_]*:[a-z0-9_]+$/;

/** Recorded metrics are named level:metric:operations, as the documentation of Prometheus recommends. */
export const recordingRuleName: Rule = {
  id: 'recording-rule-name',
  *check({ query }: Subject): Iterable<Problem> {
    if (query.kind !== 'recording' || indicators.has(query.name) || levelMetricOperations.test(query.name)) return;
    yield {
      at: 'name',
      message: `${query.name} is not level:metric:operations; write for example job:metald_api_requests:rate5m`,
    };
  },
};
