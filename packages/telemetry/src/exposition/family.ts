/** Types of metrics that both formats have, under their OpenMetrics names. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';

/** One line of a page. */
export interface Sample {
  /** Name of the family, with `_bucket`, `_sum` or `_count` where the type has those. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Allowed on a counter or a bucket; only OpenMetrics can show it. */
  readonly exemplar?: Exemplar;
}

/** One event behind a sample, such as the trace in which it was measured. */
export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

/** Name, help and type of a metric. The name of a counter includes its `_total`. */
export interface FamilyHeader {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
}

/** All samples of one metric. */
export interface MetricFamily extends FamilyHeader {
  /**
   * They are read a few milliseconds at a time, and other code runs in between: yield from a copy if samples must agree
   * with each other.
   */
  readonly samples: Iterable<Sample>;
}

/** A metric whose lines are bytes already, in a form that both formats accept. */
export interface RenderedFamily extends FamilyHeader {
  /**
   * Whole lines, some kilobytes at a time. A block may be overwritten once the next one is requested: copy it to keep it.
   * Each page iterates again, and concurrent scrapes iterate concurrently.
   */
  readonly blocks: Iterable<Uint8Array>;
  /** Number of lines, if it is known; otherwise they are counted. */
  readonly seriesCount?: number;
}

/** A metric that is still being read, such as one with an asynchronous collector. If it fails or hangs, others do not. */
export interface PendingFamily {
  readonly name: string;
  readonly family: Promise<MetricFamily | RenderedFamily>;
}

/** The families of one source. */
export type Families = Iterable<MetricFamily | RenderedFamily | PendingFamily>;

/** Yields families at each scrape. */
export type FamilySource = () => Families | Promise<Families>;

/** A source with a name for error messages. */
export interface NamedSource {
  readonly name: string;
  readonly read: FamilySource;
}
