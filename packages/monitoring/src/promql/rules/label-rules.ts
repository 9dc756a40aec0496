import { anyValue } from '@vmobs/telemetry';
import { type LabelReference, type Matcher, type Selector, visitKind } from '../expression.ts';
import { findVariables } from '../grafana-variables.ts';
import { type KnownMetric, type MetricKnowledge, metricsOf } from '../metric-knowledge.ts';
import { nearestName } from '../nearest-name.ts';
import { parseRegexValues } from '../regex-values.ts';
import { canHave, isVector, labelsOf, type ResultLabels } from '../result-labels.ts';
import type { Problem, Rule, Subject } from './rule.ts';

/** A label that the selected metric does not have, or that no metric has. */
export const unknownLabel: Rule = {
  id: 'unknown-label',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    for (const { matcher, metrics } of visitMatchers(expression, knowledge)) {
      const { label } = matcher;
      if (knowledge.targetLabels.has(label) || metrics.some((metric) => metric.isOpen || label in metric.labels))
        continue;
      const allowed = [...new Set(metrics.flatMap(({ labels }) => Object.keys(labels)))];
      yield {
        at: matcher.from,
        message: `${metrics.map(({ name }) => name).join(', ')} has no label ${label}; ${describeLabels(allowed, label)}`,
      };
    }
    const known = allLabels(knowledge);
    for (const { label, operands } of visitReferences(expression, knowledge))
      if (!known.has(label.name) && !operands.some((operand) => canHave(operand, label.name)))
        yield { at: label.from, message: `no metric has a label ${label.name}${hint(label.name, known)}` };
  },
};

/** A label in `by`, `on` or `group_left` that these series cannot have. */
export const impossibleLabel: Rule = {
  id: 'impossible-label',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    const known = allLabels(knowledge);
    for (const { label, operands, use } of visitReferences(expression, knowledge)) {
      if (use === 'leave out' || !known.has(label.name)) continue;
      const without = operands.find((operand) => !canHave(operand, label.name));
      if (without === undefined) continue;
      const there = Object.keys(without.labels).join(', ') || 'none';
      yield {
        at: label.from,
        message: `the series here cannot have the label ${label.name}, so it is empty for all of them; remaining labels: ${there}`,
      };
    }
  },
};

/** A value that a label with a fixed set of values never has. */
export const unknownLabelValue: Rule = {
  id: 'unknown-label-value',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    for (const { matcher, metrics } of visitMatchers(expression, knowledge)) {
      const listed = listedValues(metrics, matcher.label);
      if (listed === undefined) continue;
      const wrong = valuesOf(matcher)?.find((value) => !listed.includes(value));
      const matches = matcher.operator.endsWith('~') ? parseRegexValues(matcher.value).matches : undefined;
      if (wrong !== undefined)
        yield {
          at: matcher.from,
          message: `${matcher.label} is never "${wrong}"; it is one of ${listed.join(', ')}${hint(wrong, listed)}`,
        };
      else if (matches !== undefined && !listed.some(matches))
        yield { at: matcher.from, message: `${matcher.label} never matches; it is one of ${listed.join(', ')}` };
    }
  },
};

/** A job that Prometheus does not scrape, or that does not serve the metric. */
export const unknownJob: Rule = {
  id: 'unknown-job',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    const jobs = [...knowledge.jobs.keys()];
    if (jobs.length === 0) return;
    for (const { matcher, metrics } of visitMatchers(expression, knowledge)) {
      if (matcher.label !== 'job') continue;
      const serving = metrics.every((metric) => metric.jobs) ? metrics.flatMap((metric) => metric.jobs ?? []) : jobs;
      for (const value of valuesOf(matcher) ?? []) {
        if (!jobs.includes(value))
          yield {
            at: matcher.from,
            message: `Prometheus scrapes no job "${value}"; its jobs are ${jobs.join(', ')}${hint(value, jobs)}`,
          };
        else if (!serving.includes(value) && !matcher.operator.startsWith('!'))
          yield {
            at: matcher.from,
            message: `the job "${value}" does not serve ${metrics.map(({ name }) => name).join(', ')}; ${serving.join(', ')} does`,
          };
      }
    }
  },
};

/** A regular expression without special characters is a slower equality. */
export const literalRegex: Rule = {
  id: 'literal-regex',
  *check({ expression }: Subject): Iterable<Problem> {
    for (const { part } of visitKind(expression, 'selector'))
      for (const { operator, value, label, from } of part.matchers) {
        if (!operator.endsWith('~') || findVariables(value).length > 0) continue;
        const [literal, ...others] = parseRegexValues(value).literals ?? [];
        if (literal === undefined || others.length > 0 || value.startsWith('(')) continue;
        const equality = operator === '=~' ? '=' : '!=';
        yield {
          at: from,
          message: `nothing in "${value}" needs a regular expression: ${label}${equality}"${literal}"`,
        };
      }
  },
};

interface MatcherVisit {
  readonly selector: Selector;
  readonly matcher: Matcher;
  readonly metrics: readonly KnownMetric[];
}

/** All matchers of selectors whose metric is known. */
export function* visitMatchers(expression: Subject['expression'], knowledge: MetricKnowledge): Iterable<MatcherVisit> {
  for (const { part: selector } of visitKind(expression, 'selector')) {
    const metrics = metricsOf(knowledge, selector);
    if (metrics === undefined || metrics.length === 0) continue;
    for (const matcher of selector.matchers) if (matcher.label !== '__name__') yield { selector, matcher, metrics };
  }
}

/** The values that a matcher names one by one; none if it is a pattern or has a Grafana variable. */
export function valuesOf({ operator, value }: Matcher): readonly string[] | undefined {
  if (findVariables(value).length > 0) return undefined;
  return operator.endsWith('~') ? parseRegexValues(value).literals : [value];
}

interface Reference {
  readonly label: LabelReference;
  /** What the label has to be on, each of them. */
  readonly operands: readonly ResultLabels[];
  readonly use: 'keep' | 'leave out';
}

/** All labels that `by`, `without`, `on`, `ignoring`, `group_left` and `group_right` name. */
function* visitReferences(expression: Subject['expression'], knowledge: MetricKnowledge): Iterable<Reference> {
  for (const { part } of visitKind(expression, 'aggregation'))
    for (const label of part.grouping?.labels ?? []) {
      const use = part.grouping?.mode === 'by' ? 'keep' : 'leave out';
      yield { label, operands: [labelsOf(part.inner, knowledge)], use };
    }
  for (const { part } of visitKind(expression, 'binary')) {
    const { matching, left, right } = part;
    if (matching === undefined || !isVector(left) || !isVector(right)) continue;
    const sides = [labelsOf(left, knowledge), labelsOf(right, knowledge)];
    for (const label of matching.labels)
      yield { label, operands: sides, use: matching.mode === 'on' ? 'keep' : 'leave out' };
    for (const label of matching.include)
      yield { label, operands: sides.slice(...(matching.group === 'left' ? [1, 2] : [0, 1])), use: 'keep' };
  }
}

function listedValues(metrics: readonly KnownMetric[], label: string): readonly string[] | undefined {
  const lists = metrics.map(({ labels }) => labels[label] ?? anyValue);
  const listed = lists.filter((values) => values !== anyValue);
  return listed.length === lists.length ? listed.flat() : undefined;
}

function allLabels({ metrics, targetLabels }: MetricKnowledge): ReadonlySet<string> {
  return new Set([...targetLabels, ...[...metrics.values()].flatMap(({ labels }) => Object.keys(labels))]);
}

function describeLabels(allowed: readonly string[], label: string): string {
  if (allowed.length === 0) return 'it has none but those of its target';
  return `its labels are ${allowed.join(', ')}${hint(label, allowed)}`;
}

function hint(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
