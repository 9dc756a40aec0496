import type { Expression } from '../expression.ts';
import type { MetricKnowledge } from '../metric-knowledge.ts';
import type { Query } from '../query.ts';

/** A query as rules see it: read, and with all that is known of metrics. */
export interface Subject {
  readonly query: Query;
  readonly expression: Expression;
  readonly knowledge: MetricKnowledge;
}

/** What a rule objects to. */
export interface Problem {
  /** The character of the expression at which it is, or the name of the query. */
  readonly at: number | 'name';
  /** What is wrong, what is allowed, how to mend it. */
  readonly message: string;
}

/** One mistake that the linter knows. */
export interface Rule {
  /** In kebab-case; what a finding is called by. */
  readonly id: string;
  readonly check: (subject: Subject) => Iterable<Problem>;
}
