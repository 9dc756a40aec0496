import type { Selector } from '../promql/expression.ts';
import { ExpressionError, parseExpression } from '../promql/parse-expression.ts';
import type { Field, LocatedYaml } from './located-yaml.ts';

/** A selector of counters, as it is written and as it is understood. */
export interface CounterSelector {
  readonly text: string;
  readonly metric: string;
  readonly matchers: Selector['matchers'];
}

const allowed = 'a selector of one counter, such as metald_api_requests_total{method="BootVm"}';

/** Reads a selector of counters; complains and returns undefined when the field is anything else. */
export function readCounterSelector(field: Field, yaml: LocatedYaml): CounterSelector | undefined {
  const value = yaml.scalar(field);
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '') {
    yaml.complain(field, value === text ? 'is empty' : `is ${JSON.stringify(value)}`, allowed);
    return undefined;
  }
  try {
    const expression = parseExpression(text);
    // What stands behind the selector, a comment say, would swallow the range that is written there.
    if (expression.kind === 'selector' && expression.name !== undefined && expression.to === text.length)
      return { text, metric: expression.name, matchers: expression.matchers };
    yaml.complain(field, `${text} is no selector of one metric`, allowed);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    yaml.complain(field, error.message, allowed);
  }
  return undefined;
}

/** Selects with all matchers but those of one label. */
export function withoutLabel({ text, metric, matchers }: CounterSelector, label: string): string {
  const others = matchers.filter((matcher) => matcher.label !== label).map(({ from, to }) => text.slice(from, to));
  return others.length === 0 ? metric : `${metric}{${others.join(', ')}}`;
}
