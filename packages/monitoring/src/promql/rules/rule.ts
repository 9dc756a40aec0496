import type { Expression } from '../expression.ts';
import type { MetricKnowledge } from '../metric-knowledge.ts';
import type { Query } from '../query.ts';

/** The input of a rule: a parsed query and the known metrics. */
export interface Subject {
  readonly query: Query;
  readonly expression: Expression;
  readonly knowledge: MetricKnowledge;
}

/** A mistake that a rule found. */
export interface Problem {
  /** Its offset in the expression, or the name of the query. */
  readonly at: number | 'name';
  /** What is wrong, what is allowed, how to fix it. */
  readonly message: string;
}

/** A check of the linter. */
export interface Rule {
  /** In kebab-case; shown with each finding. */
  readonly id: string;
  readonly check: (subject: Subject) => Iterable<Problem>;
}
