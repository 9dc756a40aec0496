import { type Expression, visitKind } from '../expression.ts';
import { type MetricKnowledge, metricsOf } from '../metric-knowledge.ts';
import { canHave, labelsOf } from '../result-labels.ts';
import { valuesOf, visitMatchers } from './label-rules.ts';
import type { Problem, Rule, Subject } from './rule.ts';

/** Without a rate of buckets, `histogram_quantile` covers all time, or has no result. */
export const quantileOfNonBucket: Rule = {
  id: 'quantile-of-non-bucket',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    for (const { part: call } of visitKind(expression, 'call')) {
      const argument = call.name === 'histogram_quantile' ? call.args[1] : undefined;
      const problem = argument === undefined ? undefined : problemWithBuckets(argument, knowledge);
      if (problem !== undefined) yield problem;
    }
  },
};

/** Without `le` there are no buckets for a quantile. */
export const quantileWithoutLe: Rule = {
  id: 'quantile-without-le',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    for (const { part: call } of visitKind(expression, 'call')) {
      const argument = call.name === 'histogram_quantile' ? call.args[1] : undefined;
      if (argument === undefined || problemWithBuckets(argument, knowledge) !== undefined) continue;
      if (!canHave(labelsOf(argument, knowledge), 'le'))
        yield {
          at: argument.from,
          message:
            'histogram_quantile() needs the label le of the buckets: keep it, as in sum by (le) (rate(..._bucket[5m]))',
        };
    }
  },
};

/** A quantile beyond 0 to 1 is infinite for every distribution. */
export const quantileOutOfRange: Rule = {
  id: 'quantile-out-of-range',
  *check({ expression }: Subject): Iterable<Problem> {
    for (const { part: call } of visitKind(expression, 'call'))
      if (call.name === 'histogram_quantile' || call.name === 'quantile_over_time') yield* checkQuantile(call.args[0]);
    for (const { part: aggregation } of visitKind(expression, 'aggregation'))
      if (aggregation.name === 'quantile') yield* checkQuantile(aggregation.parameter);
  },
};

/** A bucket edge that the histogram does not have selects nothing. */
export const unknownBucket: Rule = {
  id: 'unknown-bucket',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    for (const { matcher, metrics } of visitMatchers(expression, knowledge)) {
      if (matcher.label !== 'le' || metrics.some(({ buckets }) => buckets === undefined)) continue;
      const edges = metrics.flatMap(({ buckets = [] }) => buckets);
      // Prometheus 3 stores every edge as a float, so 1 and 1.0 are equal.
      const wrong = valuesOf(matcher)?.find((value) => !/^\+?Inf$/.test(value) && !edges.includes(Number(value)));
      if (wrong !== undefined)
        yield {
          at: matcher.from,
          message: `${metrics.map(({ name }) => name).join(', ')} has no bucket with the edge ${wrong}; its edges are ${edges.join(', ')} and +Inf`,
        };
    }
  },
};

function* checkQuantile(parameter: Expression | undefined): Iterable<Problem> {
  if (parameter?.kind !== 'number' || (parameter.value >= 0 && parameter.value <= 1)) return;
  yield {
    at: parameter.from,
    message: `a quantile is between 0 and 1, not ${parameter.value}; 0.95 is the 95th percentile`,
  };
}

function problemWithBuckets(argument: Expression, knowledge: MetricKnowledge): Problem | undefined {
  for (const { part: selector, ancestors } of visitKind(argument, 'selector')) {
    const metrics = metricsOf(knowledge, selector);
    if (metrics === undefined || metrics.length === 0) continue;
    // A recorded metric with le is a rate of buckets; its recording rule is checked separately.
    if (metrics.every(({ isRecorded }) => isRecorded)) continue;
    const name = selector.name ?? 'what is selected';
    if (!metrics.every((metric) => metric.name.endsWith('_bucket')))
      return {
        at: selector.from,
        message: `histogram_quantile() takes the _bucket series of a histogram, not ${name}`,
      };
    const isRate = [argument, ...ancestors].some(
      (part) => part.kind === 'call' && ['rate', 'irate', 'increase'].includes(part.name),
    );
    if (!isRate)
      return {
        at: selector.from,
        message: `histogram_quantile() of ${name} itself is over all time since the start; take rate(${name}[5m])`,
      };
  }
  return undefined;
}
