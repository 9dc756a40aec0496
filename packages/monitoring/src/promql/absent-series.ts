import { type Binary, type Expression, type Selector, visitKind } from './expression.ts';
import { type MetricKnowledge, metricsOf } from './metric-knowledge.ts';
import type { Problem, Rule, Subject } from './rules/rule.ts';

/** Operators that drop the series for which they do not hold. */
export const comparisons: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);

/**
 * The selectors without which an expression has no result, and whose series may not exist in normal operation.
 * `absent(x)`, `x or vector(0)` and the right side of `unless` handle a missing series.
 */
export function absentSelectors(expression: Expression, knowledge: MetricKnowledge): readonly Selector[] {
  switch (expression.kind) {
    case 'number':
    case 'text':
      return [];
    case 'selector':
      return mayBeAbsent(expression, knowledge) ? [expression] : [];
    case 'call':
      if (expression.name === 'absent' || expression.name === 'absent_over_time') return [];
      return expression.args.flatMap((arg) => absentSelectors(arg, knowledge));
    case 'binary':
      return ofBinary(expression, knowledge);
    default:
      return absentSelectors(expression.inner, knowledge);
  }
}

/** Another rule reports unknown metrics. Of several metrics, one that exists is enough. */
function mayBeAbsent(selector: Selector, knowledge: MetricKnowledge): boolean {
  const metrics = metricsOf(knowledge, selector) ?? [];
  return metrics.length > 0 && metrics.every((metric) => metric.mayBeAbsent);
}

function ofBinary({ operator, left, right }: Binary, knowledge: MetricKnowledge): readonly Selector[] {
  const ofLeft = absentSelectors(left, knowledge);
  if (operator === 'unless') return ofLeft;
  const ofRight = absentSelectors(right, knowledge);
  if (operator !== 'or') return [...ofLeft, ...ofRight];
  // A side that always exists replaces the other.
  if (ofRight.length === 0 && !hasFilter(right)) return [];
  if (ofLeft.length === 0 && !hasFilter(left)) return [];
  return [...ofLeft, ...ofRight];
}

function hasFilter(expression: Expression): boolean {
  for (const { part } of visitKind(expression, 'binary'))
    if ((comparisons.has(part.operator) && !part.isBool) || part.operator === 'and' || part.operator === 'unless')
      return true;
  for (const { part } of visitKind(expression, 'call')) if (part.name.startsWith('absent')) return true;
  return false;
}

/** An alert on a missing series is silent, which looks healthy. */
export const absentSeries: Rule = {
  id: 'absent-series',
  *check({ query, expression, knowledge }: Subject): Iterable<Problem> {
    if (query.kind !== 'alert' || (query.mayBeAbsent ?? '').trim() !== '') return;
    const reported = new Set<string>();
    for (const { name = 'this', from } of absentSelectors(expression, knowledge)) {
      // Once for each metric: one reason covers all its places.
      if (reported.has(name)) continue;
      reported.add(name);
      yield {
        at: from,
        message: `series of ${name} may not exist, and the alert is silent then; add "or absent(...)" or "or vector(0)", or give the reason in its annotations: may_be_absent: "<reason>"`,
      };
    }
  },
};
