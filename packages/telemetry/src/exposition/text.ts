import type { MetricFamily, Sample } from './family.ts';
import { escapeHelp, escapeLabelValue, formatNumber } from './values.ts';

/**
 * Writes families in the Prometheus text format 0.0.4.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function writeText(families: Iterable<MetricFamily>): string {
  let page = '';
  for (const { name, help, type, samples } of families) {
    page += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
    for (const sample of samples) page += `${sample.name}${writeLabels(sample.labels)} ${formatNumber(sample.value)}\n`;
  }
  return page;
}

function writeLabels(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabelValue(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
