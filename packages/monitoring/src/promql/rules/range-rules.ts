import { bare, type Call, type RangeOf, visitKind } from '../expression.ts';
import { findVariables } from '../grafana-variables.ts';
import { type MetricKnowledge, metricsOf } from '../metric-knowledge.ts';
import type { Problem, Rule, Subject } from './rule.ts';

const rangeFunctions: ReadonlySet<string> = new Set([
  'rate',
  'irate',
  'increase',
  'delta',
  'idelta',
  'deriv',
  'resets',
  'changes',
  'predict_linear',
  'double_exponential_smoothing',
]);

/** A function that needs a range vector and gets an instant vector. */
export const missingRange: Rule = {
  id: 'missing-range',
  *check({ expression }: Subject): Iterable<Problem> {
    for (const { part: call } of visitKind(expression, 'call'))
      if (takesRange(call) && !call.args.some((arg) => bare(arg).kind === 'range'))
        yield { at: call.from, message: `${call.name}() needs a range: ${call.name}(...[5m])` };
  },
};

/** A range vector where an instant vector is expected. */
export const unexpectedRange: Rule = {
  id: 'unexpected-range',
  *check({ expression }: Subject): Iterable<Problem> {
    for (const { part: range, ancestors } of visitKind(expression, 'range')) {
      const parent = ancestors.findLast((ancestor) => ancestor.kind !== 'brackets' && ancestor.kind !== 'shift');
      if (parent?.kind === 'call' && takesRange(parent)) continue;
      yield {
        at: range.from,
        message: `a range [${range.text}] is for functions such as rate(); remove it or wrap it in one`,
      };
    }
  },
};

/** A range with fewer than two scrapes has no rate. */
export const shortRange: Rule = {
  id: 'short-range',
  *check({ expression, knowledge }: Subject): Iterable<Problem> {
    for (const { part: range, ancestors } of visitKind(expression, 'range')) {
      if (range.isSubquery) continue;
      const call = ancestors.findLast((ancestor) => ancestor.kind === 'call');
      const isInterval = findVariables(range.text).some(({ name }) => name === '__interval');
      if (isInterval && call !== undefined && rangeFunctions.has(call.name))
        yield {
          at: range.from,
          message: `${range.text} can be shorter than two scrapes; use $__rate_interval in ${call.name}()`,
        };
      const shortest = 2 * scrapeInterval(range, knowledge);
      if (range.seconds !== undefined && range.seconds < shortest)
        yield {
          at: range.from,
          message: `[${range.text}] may have fewer than two samples; take ${shortest}s or more, twice the scrape interval`,
        };
    }
  },
};

function takesRange({ name }: Call): boolean {
  return rangeFunctions.has(name) || name.endsWith('_over_time');
}

/** Scrape interval in seconds of the selected series: that of the slowest job that can serve them. */
function scrapeInterval({ inner }: RangeOf, knowledge: MetricKnowledge): number {
  const selector = bare(inner);
  if (selector.kind !== 'selector') return knowledge.scrapeInterval;
  const asked = selector.matchers.find(({ label, operator }) => label === 'job' && operator === '=')?.value;
  const serving = asked === undefined ? metricsOf(knowledge, selector)?.flatMap(({ jobs = [] }) => jobs) : [asked];
  const intervals = (serving ?? []).map((job) => knowledge.jobs.get(job) ?? knowledge.scrapeInterval);
  return intervals.length === 0 ? knowledge.scrapeInterval : Math.max(...intervals);
}
