import type { Problem, Rule, Subject } from './rule.ts';

/** The service level indicators of the monitoring guide, which are recorded under the names that it gives them. */
const indicators: ReadonlySet<string> = new Set([
  'metald_availability',
  'metald_latency_p99',
  'billing_data_completeness',
  'billaged_processing_success',
  'billaged_aggregation_latency',
]);

const levelMetricOperations = /^[a-z_][a-z0-9_]*:[a-zA-Z_][a-zA-Z0-9_]*:[a-z0-9_]+$/;

/** Recorded metrics say what they are, as the documentation of Prometheus recommends: level:metric:operations. */
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
