import type { MetricFamily, MetricType, Sample } from './family.ts';
import { escapeLabelValue, formatFloat, formatNumber } from './values.ts';

/**
 * Writes families in OpenMetrics 1.0: a counter is declared without its `_total`, the edges of buckets are floats
 * (`1.0`), HELP is escaped like a label value, and the page ends with `# EOF`.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function writeOpenMetrics(families: Iterable<MetricFamily>): string {
  let page = '';
  for (const { name, help, type, samples } of families) {
    const declared = type === 'counter' ? name.replace(/_total$/, '') : name;
    page += `# TYPE ${declared} ${type}\n# HELP ${declared} ${escapeLabelValue(help)}\n`;
    for (const sample of samples) {
      const sampleName = type === 'counter' ? `${declared}_total` : sample.name;
      page += `${sampleName}${writeLabels(sample.labels, edgeLabels[type])} ${formatNumber(sample.value)}\n`;
    }
  }
  return `${page}# EOF\n`;
}

/** The label that holds a number, in the types that have one. */
const edgeLabels: Readonly<Partial<Record<MetricType, string>>> = { histogram: 'le', summary: 'quantile' };

function writeLabels(labels: Sample['labels'], edgeLabel: string | undefined): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const isEdge = name === edgeLabel && value !== '+Inf';
    return `${name}="${isEdge ? formatFloat(Number(value)) : escapeLabelValue(String(value))}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
