import { absentSelectors } from '../absent-series.ts';
import type { Problem, Rule, Subject } from './rule.ts';

/** An alert on a series that is not there is silent, which looks like health. */
export const absentSeries: Rule = {
  id: 'absent-series',
  *check({ query, expression, knowledge }: Subject): Iterable<Problem> {
    if (query.kind !== 'alert' || (query.mayBeAbsent ?? '').trim() !== '') return;
    const reported = new Set<string>();
    for (const { name = 'this', from } of absentSelectors(expression, knowledge)) {
      // Once for each metric: one reason answers for all its places.
      if (reported.has(name)) continue;
      reported.add(name);
      yield {
        at: from,
        message: `series of ${name} may not exist, and the alert is silent then; add "or absent(...)" or "or vector(0)", or say in its annotations why that is right: may_be_absent: "<reason>"`,
      };
    }
  },
};
