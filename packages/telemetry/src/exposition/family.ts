/** Types of metrics that both formats know, under their OpenMetrics names. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';

/** One line of a page. */
export interface Sample {
  /** Name of the family, with `_bucket`, `_sum` or `_count` where the type has those. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** On a counter or a bucket; OpenMetrics alone can say it. */
  readonly exemplar?: Exemplar;
}

/** One event behind a sample, such as the trace in which it was measured. */
export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

/** What a metric is. A counter is named with its `_total`. */
export interface FamilyHeader {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
}

/** All samples of one metric. */
export interface MetricFamily extends FamilyHeader {
  /**
   * They are read some milliseconds at a time, and other code runs between: samples that must agree with each other are
   * yielded from a copy.
   */
  readonly samples: Iterable<Sample>;
}

/** A metric whose lines are bytes already, in a form that is valid in both formats. */
export interface RenderedFamily extends FamilyHeader {
  /**
   * Whole lines, some kilobytes at a time. A block may be written over once the next one is asked for, so whoever keeps
   * one copies it. Each page that is written iterates anew, several at once if several scrapes are.
   */
  readonly blocks: Iterable<Uint8Array>;
  /** Number of lines, where it is known; otherwise they are counted. */
  readonly seriesCount?: number;
}

/** A metric that is still being read, such as one with an asynchronous collector. It fails or hangs alone. */
export interface PendingFamily {
  readonly name: string;
  readonly family: Promise<MetricFamily | RenderedFamily>;
}

/** What one source yields. */
export type Families = Iterable<MetricFamily | RenderedFamily | PendingFamily>;

/** Yields families at each scrape. Whatever can say its values in this form can be served. */
export type FamilySource = () => Families | Promise<Families>;

/** A source with a name, by which errors speak of it. */
export interface NamedSource {
  readonly name: string;
  readonly read: FamilySource;
}
