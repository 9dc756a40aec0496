/** For a label whose values are not known in advance: `{ vm_id: anyValue }`. */
export const anyValue = '*';

/**
 * The labels of a metric: for each name either the list of all its values, so that each exists at zero from the first scrape, or
 * `anyValue`.
 */
export type LabelSchema = Readonly<Record<string, readonly string[] | typeof anyValue>>;

/** No labels at all. */
export type NoLabels = Readonly<Record<never, never>>;

/** A value for each label of a schema. */
export type LabelValues<Labels extends LabelSchema> = {
  readonly [Name in keyof Labels]: Labels[Name] extends readonly (infer Value extends string)[] ? Value : string;
};

/** Arguments of a call on an instrument: labels first if the metric has any. */
export type WithLabels<Labels extends LabelSchema, Rest extends readonly unknown[]> = keyof Labels extends never
  ? Rest
  : [labels: LabelValues<Labels>, ...rest: Rest];

/** Series that a metric may have unless its definition says otherwise: the limit of OpenTelemetry. */
export const defaultMaxSeries = 2_000;

/** The part of a definition that every metric has. */
export interface MetricDefinition<Labels extends LabelSchema = LabelSchema> {
  /** Prometheus name with its unit; a counter ends in `_total`. */
  readonly name: string;
  /** One sentence that says what a value means. */
  readonly help: string;
  /** Its labels: for each name all values, or `anyValue`. @default none */
  readonly labels?: Labels;
}

/** Definition of an instrument, which the program changes; that of a gauge. */
export interface InstrumentDefinition<Labels extends LabelSchema = LabelSchema> extends MetricDefinition<Labels> {
  /**
   * Largest number of series. Recordings of further label sets go to the overflow series.
   *
   * @default 2000, as in OpenTelemetry
   */
  readonly maxSeries?: number;
}

/** Definition of a counter. */
export interface CounterDefinition<Labels extends LabelSchema = LabelSchema> extends InstrumentDefinition<Labels> {
  /**
   * Whether its series take exemplars from the active sampled span. Use it for rare events, such as errors: looking up the span
   * costs more than counting.
   *
   * @default false
   */
  readonly exemplars?: boolean;
}

/** Definition of a histogram. Its buckets take exemplars from the active sampled span. */
export interface HistogramDefinition<Labels extends LabelSchema = LabelSchema> extends InstrumentDefinition<Labels> {
  /** Upper edges in the unit of the metric, rising; `+Inf` is added. */
  readonly buckets: readonly number[];
  /** Why these edges: which alert, SLO or limit uses which of them. */
  readonly reasonForBuckets: string;
}

/** Definition of a metric that is read at each scrape. */
export interface ObservedDefinition<Labels extends LabelSchema = LabelSchema> extends MetricDefinition<Labels> {
  readonly type: 'counter' | 'gauge';
  /** Returns the current value, if there is one. With labels, returns the value of each label set that has one. */
  readonly read: () => keyof Labels extends never
    ? number | undefined
    : Iterable<readonly [LabelValues<Labels>, number]>;
}

/** A definition of any type. */
export type AnyDefinition = { readonly type: InstrumentType } & InstrumentDefinition &
  Partial<Pick<HistogramDefinition, 'buckets' | 'reasonForBuckets'>> &
  Partial<Pick<CounterDefinition, 'exemplars'>> & {
    readonly read?: () => number | undefined | Iterable<readonly [LabelSet, number]>;
  };

/** Types of metrics in the catalogue. */
export type InstrumentType = 'counter' | 'gauge' | 'histogram';

/** A definition with its type, as the catalogue lists it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly help: string;
  readonly type: InstrumentType;
  readonly labels: LabelSchema;
  readonly buckets?: readonly number[];
  readonly reasonForBuckets?: string;
}

/** A label set on the page. */
export type LabelSet = Readonly<Record<string, string>>;

/** Every combination of label values; none if a label may have any value. */
export function knownLabelSets(labels: LabelSchema): LabelSet[] {
  return Object.entries(labels).reduce<LabelSet[]>(
    (sets, [name, values]) =>
      values === anyValue ? [] : sets.flatMap((set) => [...values].map((value) => ({ ...set, [name]: value }))),
    [{}],
  );
}
