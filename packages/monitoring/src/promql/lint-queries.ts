import { absentSeries } from './absent-series.ts';
import type { MetricKnowledge } from './metric-knowledge.ts';
import { ExpressionError, parseExpression } from './parse-expression.ts';
import { type Finding, placeInQuery, type Query } from './query.ts';
import { withRecordedMetrics } from './recorded-metrics.ts';
import { divisionBesideSum, equalityOfRate, unguardedDivision } from './rules/arithmetic-rules.ts';
import { impossibleLabel, literalRegex, unknownJob, unknownLabel, unknownLabelValue } from './rules/label-rules.ts';
import { rateOfNonCounter, rawCounter, recordingRuleName, unknownMetric } from './rules/metric-rules.ts';
import { quantileOfNonBucket, quantileOutOfRange, quantileWithoutLe, unknownBucket } from './rules/quantile-rules.ts';
import { missingRange, shortRange, unexpectedRange } from './rules/range-rules.ts';
import type { Problem, Rule } from './rules/rule.ts';

/** All rules for expressions that can be parsed. */
const rules: readonly Rule[] = [
  unknownMetric,
  unknownLabel,
  impossibleLabel,
  unknownLabelValue,
  unknownJob,
  literalRegex,
  rateOfNonCounter,
  rawCounter,
  missingRange,
  unexpectedRange,
  shortRange,
  quantileOfNonBucket,
  quantileWithoutLe,
  quantileOutOfRange,
  unknownBucket,
  divisionBesideSum,
  equalityOfRate,
  unguardedDivision,
  absentSeries,
  recordingRuleName,
];

const unparsable = 'unparsable-expression';

/** Ids of all rules. */
export const ruleIds: readonly string[] = [unparsable, ...rules.map(({ id }) => id)];

/**
 * Finds the mistakes in queries. All of them may use what the recording rules among them record.
 *
 * @returns findings in the order of the queries, and within a query by position
 */
export function lintQueries(queries: readonly Query[], knowledge: MetricKnowledge): Finding[] {
  const known = withRecordedMetrics(knowledge, queries);
  return queries.flatMap((query) => lintQuery(query, known));
}

function lintQuery(query: Query, knowledge: MetricKnowledge): Finding[] {
  const findings = (rule: string, problems: Iterable<Problem>) =>
    Array.from(problems, ({ at, message }): Finding => {
      const place = at === 'name' ? (query.namePlace ?? query.place) : placeInQuery(query, at);
      return { rule, message, file: query.file, ...place, query: query.name };
    });
  try {
    const expression = parseExpression(query.expression);
    return rules
      .flatMap(({ id, check }) => findings(id, check({ query, expression, knowledge })))
      .sort((one, other) => one.line - other.line || one.column - other.column);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return findings(unparsable, [{ at: error.offset, message: error.message }]);
  }
}
