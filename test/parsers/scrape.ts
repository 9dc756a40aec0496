import { type ParsedFamily, parseOpenMetrics } from './openmetrics-parser.ts';

/** Scrapes a service in OpenMetrics. */
export async function scrape(metricsUrl: string | undefined): Promise<Map<string, ParsedFamily>> {
  const response = await fetch(`${metricsUrl}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  return parseOpenMetrics(await response.text());
}

/** The sum of the samples of a metric whose labels are these; the observations of a histogram. */
export function readMetric(
  families: ReadonlyMap<string, ParsedFamily>,
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = families.get(metric) ?? families.get(metric.replace(/_total$/, ''));
  if (family === undefined) throw new Error(`there is no metric ${metric}`);
  return family.samples
    .filter(({ suffix }) => family.type !== 'histogram' || suffix === '_count')
    .filter((sample) => Object.entries(labels).every(([name, value]) => sample.labels.get(name) === value))
    .reduce((sum, { value }) => sum + value, 0);
}
