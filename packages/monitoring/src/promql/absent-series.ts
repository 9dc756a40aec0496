import { type Binary, type Expression, type Selector, visitKind } from './expression.ts';
import { type MetricKnowledge, metricsOf } from './metric-knowledge.ts';

/** Operators that leave out the series for which they do not hold. */
export const comparisons: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);

/**
 * The selectors of an expression without which it says nothing, and whose series may not exist though all is well.
 * `absent(x)`, `x or vector(0)` and the right side of `unless` are at ease with a missing series.
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

/** A metric that is not known is another rule's finding. Of several, one that is there is enough. */
function mayBeAbsent(selector: Selector, knowledge: MetricKnowledge): boolean {
  const metrics = metricsOf(knowledge, selector) ?? [];
  return metrics.length > 0 && metrics.every((metric) => metric.mayBeAbsent);
}

function ofBinary({ operator, left, right }: Binary, knowledge: MetricKnowledge): readonly Selector[] {
  const ofLeft = absentSelectors(left, knowledge);
  if (operator === 'unless') return ofLeft;
  const ofRight = absentSelectors(right, knowledge);
  if (operator !== 'or') return [...ofLeft, ...ofRight];
  // A side that is always there stands in for the other.
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
