import type { FamilyHeader, MetricType } from './family.ts';

/** Whether a text is a valid metric name. */
export function isMetricName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

/** Whether a text follows the grammar of label names, reserved ones included. */
export function isLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** Whether a metric may have a label of this name: Prometheus reserves names that begin with `__`. */
export function isUsableLabelName(name: string): boolean {
  return isLabelName(name) && !name.startsWith('__');
}

/** The name of a family in OpenMetrics, where a counter is declared without its `_total`. */
export function declaredName({ name, type }: Pick<FamilyHeader, 'name' | 'type'>): string {
  return type === 'counter' ? name.replace(/_total$/, '') : name;
}

/**
 * Suffixes that a type of metric adds to its declared name in OpenMetrics. `_created` is reserved there even where it is
 * not written.
 */
const reservedSuffixes: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [],
  unknown: [],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['_sum', '_count', '_created'],
};

/** All names that a family occupies in either format: its declared name first, then that name with each suffix. */
export function occupiedNames(family: Pick<FamilyHeader, 'name' | 'type'>): readonly string[] {
  const declared = declaredName(family);
  return [declared, ...reservedSuffixes[family.type].map((suffix) => `${declared}${suffix}`)];
}
