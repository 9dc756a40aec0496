/*
 * The PromQL of panels. Every expression selects by the variables `job` and `instance` and sums over instances. A division by
 * 0 returns no value: for an empty result Grafana shows the text of the panel, for NaN it does not.
 */

/** The services that have a dashboard: the first part of the names of their metrics, and of the job that scrapes them. */
export type Service = 'metald' | 'billaged';

/** The subject of a dashboard: part of the names of its scrape jobs. */
export type Program = Service | 'victorialogs';

/** A range that follows the zoom of the dashboard and is never shorter than four scrapes. */
export const zoomWindow = '$__rate_interval';

/** The range of the guide's alerts: a stat beside an alert shows the number that the alert compares. */
export const alertWindow = '5m';

/** The series of a metric in the chosen jobs and instances, narrowed by further matchers such as `state="running"`. */
export function select(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${[...matchers, 'job=~"$job"', 'instance=~"$instance"'].join(', ')}}`;
}

/**
 * The series of a metric that every process has under the same name, such as `up`. The variable `job` may stand for any
 * job, so the name of the program keeps other processes out.
 */
export function selectShared(program: Program, metric: string, ...matchers: readonly string[]): string {
  return select(metric, ...matchers, `job=~".*${program}.*"`);
}

/** Growth of counters per second, added up over all series, or per value of `by`. */
export function perSecond(series: string, { by = '', window = zoomWindow } = {}): string {
  return `${sum(by)} (rate(${series}[${window}]))`;
}

/** Growth of counters over a range, added up over all series, or per value of `by`. */
export function growth(series: string, { by = '', window = alertWindow } = {}): string {
  return `${sum(by)} (increase(${series}[${window}]))`;
}

/** The value of a gauge, summed over all series, or per value of `by`. */
export function total(series: string, { by = '' } = {}): string {
  return `${sum(by)} (${series})`;
}

/** The highest value. A stat beside an alert on each instance or component shows the worst of them. */
export function highest(expression: string): string {
  return `max(${expression})`;
}

/** Options of a quantile. */
export interface QuantileOptions {
  readonly by?: string;
  readonly window?: string;
  /** The program whose histogram it is, for a name that every process has. */
  readonly sharedBy?: Service;
}

/** A quantile of a histogram, over all instances or per value of `by`; nothing while nothing is observed. */
export function quantile(share: number, histogram: string, options: QuantileOptions = {}): string {
  const { by = '', window = zoomWindow, sharedBy } = options;
  const name = `${histogram}_bucket`;
  const buckets = sharedBy === undefined ? select(name) : selectShared(sharedBy, name);
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${share}, sum by (${labels}) (rate(${buckets}[${window}]))) >= 0`;
}

/** One expression divided by another; nothing while the other is 0. */
export function ratio(part: string, whole: string): string {
  return `${part} / (${whole} > 0)`;
}

/**
 * The series of `expression` for the VMs where `mean`, an expression over the whole time of the dashboard, is highest.
 * `topk` alone chooses again at each step, and shows many more than `count` lines.
 */
export function highestVms(count: number, expression: string, mean: string): string {
  return `${expression} and on (vm_id) topk(${count}, ${mean})`;
}

function sum(by: string): string {
  return by === '' ? 'sum' : `sum by (${by})`;
}
