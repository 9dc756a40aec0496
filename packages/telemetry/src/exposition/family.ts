/** Types of metrics that both formats know, under their OpenMetrics names. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';

/** One line of a page. */
export interface Sample {
  /** Name of the family, with `_bucket`, `_sum` or `_count` where the type has those. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** All samples of one metric. A counter is named with its `_total`. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly samples: Iterable<Sample>;
}

/** Yields families at each scrape. Whatever can say its values in this form can be served. */
export type FamilySource = () => Iterable<MetricFamily> | Promise<Iterable<MetricFamily>>;
