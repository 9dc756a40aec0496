import type { FamilyHeader } from './family.ts';
import { declaredName } from './names.ts';
import type { SeriesLine } from './series-line.ts';
import { escapeHelp, escapeLabelValue } from './values.ts';

/** The formats in which a page can be written. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** How a format writes what the two formats write differently. */
export interface Syntax {
  /** The lines before the samples of a family. */
  describe(family: FamilyHeader): string;
  /** The part of a line before its value. */
  begin(line: SeriesLine): string;
  readonly hasExemplars: boolean;
  /** The end of every page. */
  readonly end: string;
}

/**
 * The Prometheus text format 0.0.4.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export const textSyntax: Syntax = {
  describe({ name, help, type }) {
    const helpLine = help.trim() === '' ? '' : `# HELP ${name} ${escapeHelp(help)}\n`;
    return `${helpLine}# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
  },
  begin: ({ text }) => text,
  hasExemplars: false,
  end: '',
};

/**
 * OpenMetrics 1.0: a counter is declared without its `_total`, bucket edges are floats (`1.0`), HELP is escaped like a
 * label value, counters and buckets may have exemplars, and the page ends with `# EOF`.
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
