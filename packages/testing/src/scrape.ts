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

/**
 * The value of the first series on the page in the text format whose line begins with this, such as
 * `metald_vms_total{state="running"}`; NaN when there is none.
 */
export async function readSeries(metricsUrl: string | undefined, beginning: string): Promise<number> {
  const page = await (await fetch(`${metricsUrl}/metrics`)).text();
  const line = page.split('\n').find((one) => one.startsWith(beginning));
  return Number(line?.slice(line.lastIndexOf(' ')));
}
