/** Stands where the values of a label are not known in advance: `{ vm_id: anyValue }`. */
export const anyValue = '*';

/**
 * The labels of a metric: for each name either the list of all its values, which makes every one of them exist at zero
 * from the first scrape, or `anyValue`.
 */
export type LabelSchema = Readonly<Record<string, readonly string[] | typeof anyValue>>;

/** No labels at all. */
export type NoLabels = Readonly<Record<never, never>>;

/** A value for each label of a schema. */
export type LabelValues<Labels extends LabelSchema> = {
  readonly [Name in keyof Labels]: Labels[Name] extends readonly (infer Value extends string)[] ? Value : string;
};

/** Arguments of a call on an instrument: labels come first if the metric has any. */
export type WithLabels<Labels extends LabelSchema, Rest extends readonly unknown[]> = keyof Labels extends never
  ? Rest
  : [labels: LabelValues<Labels>, ...rest: Rest];

/** What every metric says about itself. */
export interface MetricDefinition<Labels extends LabelSchema = LabelSchema> {
  /** Prometheus name with its unit; a counter ends in `_total`. */
  readonly name: string;
  /** One sentence: what a value means. */
  readonly help: string;
  /** Its labels: for each name all values, or `anyValue`. @default none */
  readonly labels?: Labels;
}

/** What a metric that is moved where the thing happens says about itself; a gauge says no more. */
export interface InstrumentDefinition<Labels extends LabelSchema = LabelSchema> extends MetricDefinition<Labels> {
  /**
   * Most series that the metric may have. What is recorded for a label set beyond them goes to the overflow series.
   *
   * @default 2000, as in OpenTelemetry
   */
  readonly maxSeries?: number;
}

/** What a counter says about itself. */
export interface CounterDefinition<Labels extends LabelSchema = LabelSchema> extends InstrumentDefinition<Labels> {
  /**
   * Whether its series take exemplars from the active sampled span. For counters of rare events, such as errors: asking
   * for the span costs more than counting.
   *
   * @default false
   */
  readonly exemplars?: boolean;
}

/** What a histogram says about itself. Its buckets take exemplars from the active sampled span. */
export interface HistogramDefinition<Labels extends LabelSchema = LabelSchema> extends InstrumentDefinition<Labels> {
  /** Upper edges in the unit of the metric, rising; `+Inf` is added. */
  readonly buckets: readonly number[];
  /** Why these edges: which alert, SLO or limit stands at which of them. */
  readonly reasonForBuckets: string;
}

/** What a metric that is read at each scrape says about itself, and how to read it. */
export interface ObservedDefinition<Labels extends LabelSchema = LabelSchema> extends MetricDefinition<Labels> {
  readonly type: 'counter' | 'gauge';
  /** The value now, if there is one, or, for a metric with labels, the value of each label set that has one. */
  readonly read: () => keyof Labels extends never
    ? number | undefined
    : Iterable<readonly [LabelValues<Labels>, number]>;
}

/** A definition of any type, as the catalogue keeps it. */
export type AnyDefinition = { readonly type: InstrumentType } & InstrumentDefinition &
  Partial<Pick<HistogramDefinition, 'buckets' | 'reasonForBuckets'>> &
  Partial<Pick<CounterDefinition, 'exemplars'>> & {
    readonly read?: () => number | undefined | Iterable<readonly [LabelSet, number]>;
  };

/** What a metric of the catalogue can be. */
export type InstrumentType = 'counter' | 'gauge' | 'histogram';

/** A definition together with its type, as the catalogue lists it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly help: string;
  readonly type: InstrumentType;
  readonly labels: LabelSchema;
  readonly buckets?: readonly number[];
  readonly reasonForBuckets?: string;
}

/** A label set as it is on the page. */
export type LabelSet = Readonly<Record<string, string>>;

/** Every combination of values of the labels; none if the values of one are not known in advance. */
export function knownLabelSets(labels: LabelSchema): LabelSet[] {
  return Object.entries(labels).reduce<LabelSet[]>(
    (sets, [name, values]) =>
      values === anyValue ? [] : sets.flatMap((set) => [...values].map((value) => ({ ...set, [name]: value }))),
    [{}],
  );
}
