import type { LabelSchema } from '@vmobs/telemetry';
import { anyValue } from '@vmobs/telemetry';
import type { CatalogueEntry } from '@vmobs/telemetry/exposition';
import type { Selector } from './expression.ts';
import type { ForeignMetric } from './foreign-metrics.ts';
import { parseRegexValues } from './regex-values.ts';

/** What is known about the series of one name. */
export interface KnownMetric {
  readonly name: string;
  /** Everything that only grows is a counter, including buckets, sums and counts of histograms. */
  readonly type: 'counter' | 'gauge';
  /** Its own labels, without those of its target. */
  readonly labels: LabelSchema;
  /** Whether it may have labels that are not listed. */
  readonly isOpen: boolean;
  /** Whether it is the result of a recording rule. */
  readonly isRecorded: boolean;
  /** Whether a label set of it may be missing in normal operation. */
  readonly mayBeAbsent: boolean;
  /** Whether its value can be 0. */
  readonly canBeZero: boolean;
  /** Upper edges, if it is the `_bucket` of a histogram with known edges. */
  readonly buckets?: readonly number[];
  /** Jobs that serve it; undefined if any job may. */
  readonly jobs?: readonly string[];
}

/** What the linter knows about metrics. */
export interface MetricKnowledge {
  readonly metrics: ReadonlyMap<string, KnownMetric>;
  /** Labels that every scraped series has from its target. */
  readonly targetLabels: ReadonlySet<string>;
  /** Scrape interval of each job in seconds. Empty if the jobs are unknown. */
  readonly jobs: ReadonlyMap<string, number>;
  /** Scrape interval of an unknown job in seconds. */
  readonly scrapeInterval: number;
}

export interface MetricKnowledgeOptions {
  /** The catalogue of each service, by the name of the job that scrapes it. */
  readonly services: Readonly<Record<string, readonly CatalogueEntry[]>>;
  /** Metrics of other programs. @default none */
  readonly foreign?: readonly ForeignMetric[];
  /** @default job, instance, cluster, environment */
  readonly targetLabels?: Iterable<string>;
  /** Scrape interval of each job in seconds. @default unknown, so that any job is allowed */
  readonly jobs?: ReadonlyMap<string, number>;
  /** Scrape interval in seconds of a job that is not in `jobs`. @default 15, as in the guide's `global` */
  readonly scrapeInterval?: number;
}

/** Labels that Prometheus or its configuration gives to every target. */
export const commonTargetLabels = ['job', 'instance', 'cluster', 'environment'] as const;

/** Combines the catalogues and the list of foreign metrics. */
export function createMetricKnowledge(options: MetricKnowledgeOptions): MetricKnowledge {
  const { services, foreign = [], targetLabels = commonTargetLabels, jobs = new Map(), scrapeInterval = 15 } = options;
  const metrics = new Map<string, KnownMetric>();
  const add = (metric: KnownMetric) => metrics.set(metric.name, mergeMetrics(metrics.get(metric.name), metric));
  for (const [job, entries] of Object.entries(services))
    for (const entry of entries) for (const metric of seriesOfEntry(entry, job)) add(metric);
  for (const entry of foreign) for (const metric of seriesOfForeign(entry)) add(metric);
  return { metrics, targetLabels: new Set(targetLabels), jobs, scrapeInterval };
}

/** The metrics that a selector can select. Empty: the name is unknown. `undefined`: undecidable. */
export function metricsOf({ metrics }: MetricKnowledge, selector: Selector): readonly KnownMetric[] | undefined {
  if (selector.name !== undefined) {
    const metric = metrics.get(selector.name);
    return metric === undefined ? [] : [metric];
  }
  const pattern = selector.matchers.find(({ label, operator }) => label === '__name__' && operator === '=~');
  if (pattern === undefined) return undefined;
  const values = parseRegexValues(pattern.value);
  return values.matches === undefined ? undefined : [...metrics.values()].filter(({ name }) => values.matches?.(name));
}

/** Merges two definitions of one name: what either allows is allowed. */
export function mergeMetrics(one: KnownMetric | undefined, other: KnownMetric): KnownMetric {
  if (one === undefined) return other;
  const labels = new Map(Object.entries(one.labels));
  for (const [name, values] of Object.entries(other.labels)) {
    const known = labels.get(name) ?? [];
    labels.set(name, known === anyValue || values === anyValue ? anyValue : [...new Set([...known, ...values])]);
  }
  const buckets = one.buckets && other.buckets && [...new Set([...one.buckets, ...other.buckets])];
  const jobs = one.jobs && other.jobs && [...one.jobs, ...other.jobs];
  return {
    name: one.name,
    type: one.type,
    labels: Object.fromEntries(labels),
    isOpen: one.isOpen || other.isOpen,
    isRecorded: one.isRecorded && other.isRecorded,
    mayBeAbsent: one.mayBeAbsent || other.mayBeAbsent,
    canBeZero: one.canBeZero || other.canBeZero,
    ...(buckets && { buckets }),
    ...(jobs && { jobs }),
  };
}

function seriesOfEntry({ name, type, labels, buckets }: CatalogueEntry, job: string): readonly KnownMetric[] {
  const mayBeAbsent = Object.values(labels).includes(anyValue);
  const shared = { labels, isOpen: false, isRecorded: false, mayBeAbsent, canBeZero: true, jobs: [job] };
  return expand({ name, type, ...shared }, type, buckets);
}

function seriesOfForeign(metric: ForeignMetric): readonly KnownMetric[] {
  const { name, type, labels, exists = 'from the start', isNeverZero = false } = metric;
  const schema = Object.fromEntries((labels ?? []).map((label) => [label, anyValue] as const));
  const shared = { labels: schema, isOpen: labels === undefined, isRecorded: false, canBeZero: !isNeverZero };
  return expand({ name, type, ...shared, mayBeAbsent: exists === 'later' }, type);
}

/** The series that a family becomes: a histogram has `_bucket`, `_sum` and `_count`, a summary quantiles. */
function expand(
  family: Omit<KnownMetric, 'type'> & Pick<ForeignMetric, 'type'>,
  type: ForeignMetric['type'],
  buckets?: readonly number[],
): readonly KnownMetric[] {
  if (type === 'counter' || type === 'gauge') return [{ ...family, type }];
  const part = (suffix: string): KnownMetric => ({ ...family, name: `${family.name}${suffix}`, type: 'counter' });
  const totals = [part('_sum'), part('_count')];
  if (type === 'summary')
    return [{ ...family, type: 'gauge', labels: { ...family.labels, quantile: anyValue } }, ...totals];
  const bucket = { ...part('_bucket'), labels: { ...family.labels, le: anyValue } as LabelSchema };
  return [{ ...bucket, ...(buckets && { buckets }) }, ...totals];
}
