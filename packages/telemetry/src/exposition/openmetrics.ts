import type { Syntax } from './page.ts';
import { declaredName } from './series-line.ts';
import { escapeLabelValue } from './values.ts';

/**
 * OpenMetrics 1.0: a counter is declared without its `_total`, the edges of buckets are floats (`1.0`), HELP is escaped
 * like a label value, counters and buckets may have exemplars, and the page ends with `# EOF`.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export const openMetricsSyntax: Syntax = {
  describe(family) {
    const name = declaredName(family);
    const helpLine = family.help.trim() === '' ? '' : `# HELP ${name} ${escapeLabelValue(family.help)}\n`;
    return `# TYPE ${name} ${family.type}\n${helpLine}`;
  },
  begin: ({ openMetrics }) => openMetrics,
  hasExemplars: true,
  end: '# EOF\n',
};
