import { comparisons } from '../absent-series.ts';
import { type Binary, bare, type Expression, visitKind } from '../expression.ts';
import { type MetricKnowledge, metricsOf } from '../metric-knowledge.ts';
import { isVector } from '../result-labels.ts';
import type { Problem, Rule, Subject } from './rule.ts';

/** `a / b + c` means `(a / b) + c`, which is seldom intended. */
export const divisionBesideSum: Rule = {
  id: 'division-beside-sum',
  *check({ expression }: Subject): Iterable<Problem> {
    for (const { part: sum } of visitKind(expression, 'binary')) {
      if (sum.operator !== '+' && sum.operator !== '-') continue;
      if (!isVector(sum.left) || !isVector(sum.right)) continue;
      const division = unbracketedDivision(sum.left) ?? unbracketedDivision(sum.right);
      if (division === undefined) continue;
      yield {
        at: division.from,
        message: `"/" binds stronger than "${sum.operator}": put brackets around the sum, a / (b ${sum.operator} c), or around the division`,
      };
    }
  },
};

/** Rates are computed floats; exact equality is a coincidence. */
export const equalityOfRate: Rule = {
  id: 'equality-of-rate',
  *check({ expression }: Subject): Iterable<Problem> {
    for (const { part } of visitKind(expression, 'binary')) {
      if (part.operator !== '==' && part.operator !== '!=') continue;
      const sides = [part.left, part.right];
      // A rate is exactly 0 when nothing was counted.
      if (!sides.some(isCalculated) || sides.some((side) => isNumber(side, 0))) continue;
      yield {
        at: part.from,
        message: `a rate is a computed float, so "${part.operator}" holds by chance; compare with > or <`,
      };
    }
  },
};

/** 0 / 0 is NaN and x / 0 infinite: the first keeps an alert silent, the second fires it. */
export const unguardedDivision: Rule = {
  id: 'unguarded-division',
  *check({ query, expression, knowledge }: Subject): Iterable<Problem> {
    if (query.kind !== 'alert') return;
    for (const { part: division, ancestors } of visitKind(expression, 'binary')) {
      if (division.operator !== '/' || !canBeZero(division.right, knowledge)) continue;
      if (isGuarded(division, ancestors)) continue;
      yield {
        at: division.right.from,
        message:
          'what is divided by can be 0; leave those series out, as in a / (b > 0), so that the alert says what no traffic means',
      };
    }
  },
};

function unbracketedDivision(expression: Expression): Binary | undefined {
  if (expression.kind !== 'binary') return undefined;
  const { operator, left, right } = expression;
  if (operator === '/' && isVector(left) && isVector(right)) return expression;
  return ['*', '/', '%'].includes(operator) ? unbracketedDivision(left) : undefined;
}

const exactFunctions: ReadonlySet<string> = new Set(['absent', 'absent_over_time', 'round', 'floor', 'ceil', 'sgn']);

function isCalculated(expression: Expression): boolean {
  const part = bare(expression);
  if (part.kind === 'call')
    return (
      ['rate', 'irate', 'increase', 'deriv'].includes(part.name) ||
      (!exactFunctions.has(part.name) && part.args.some(isCalculated))
    );
  if (part.kind === 'aggregation') return !['count', 'group'].includes(part.name) && isCalculated(part.inner);
  if (part.kind === 'binary') return !part.isBool && (isCalculated(part.left) || isCalculated(part.right));
  return false;
}

function isNumber(expression: Expression | undefined, value: number): boolean {
  const part = expression === undefined ? undefined : bare(expression);
  return part?.kind === 'number' && part.value === value;
}

function canBeZero(expression: Expression, knowledge: MetricKnowledge): boolean {
  const part = bare(expression);
  switch (part.kind) {
    case 'number':
      return part.value === 0;
    case 'selector':
      return metricsOf(knowledge, part)?.some((metric) => metric.canBeZero) ?? true;
    case 'aggregation':
      return !['count', 'group'].includes(part.name) && canBeZero(part.inner, knowledge);
    case 'call': {
      const [first, second] = part.args;
      if (part.name === 'clamp_min' || part.name === 'clamp') return !isPositive(second);
      if (part.name === 'time' || part.name === 'pi') return false;
      return part.name !== 'vector' && part.name !== 'scalar'
        ? true
        : first === undefined || canBeZero(first, knowledge);
    }
    case 'binary':
      return canResultBeZero(part, knowledge);
    default:
      return true;
  }
}

function canResultBeZero({ operator, isBool, left, right }: Binary, knowledge: MetricKnowledge): boolean {
  const inLeft = () => canBeZero(left, knowledge);
  const inRight = () => canBeZero(right, knowledge);
  switch (operator) {
    case '>':
      return isBool || !(isNumber(right, 0) || isPositive(right));
    case '>=':
      return isBool || !isPositive(right);
    case '!=':
      return isBool || !isNumber(right, 0);
    case '+':
      return inLeft() && inRight();
    case '*':
    case 'or':
      return inLeft() || inRight();
    case '/':
    case 'and':
    case 'unless':
      return inLeft();
    default:
      return true;
  }
}

function isPositive(expression: Expression | undefined): boolean {
  const part = expression === undefined ? undefined : bare(expression);
  return part?.kind === 'number' && part.value > 0;
}

/** Whether an `and` or `unless` around a division compares what it divides by. */
function isGuarded(division: Binary, ancestors: readonly Expression[]): boolean {
  const divisor = metricNames(division.right);
  return ancestors.some((ancestor, index) => {
    if (ancestor.kind !== 'binary' || (ancestor.operator !== 'and' && ancestor.operator !== 'unless')) return false;
    const side = ancestors[index + 1] ?? division;
    const other = side === ancestor.left ? ancestor.right : ancestor.left;
    return Array.from(visitKind(other, 'binary')).some(
      ({ part }) => comparisons.has(part.operator) && [...metricNames(part)].some((name) => divisor.has(name)),
    );
  });
}

function metricNames(expression: Expression): ReadonlySet<string> {
  return new Set(Array.from(visitKind(expression, 'selector'), ({ part }) => part.name ?? ''));
}
