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
  readonly [Name in keyof Labels]: Labels[Name] extends readonly (infer Value)[] ? Value : string;
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
  readonly labels?: Labels;
}

/** What a histogram says about itself. */
export interface HistogramDefinition<Labels extends LabelSchema = LabelSchema> extends MetricDefinition<Labels> {
  /** Upper edges in the unit of the metric, rising; `+Inf` is added. */
  readonly buckets: readonly number[];
  /** Why these edges: which alert, SLO or limit stands at which of them. */
  readonly reasonForBuckets: string;
}

/** What a metric that is read at each scrape says about itself, and how to read it. */
export interface ObservedDefinition<Labels extends LabelSchema = LabelSchema> extends MetricDefinition<Labels> {
  readonly type: 'counter' | 'gauge';
  /** The value now or, for a metric with labels, the value of each label set. */
  readonly read: () => keyof Labels extends never ? number : Iterable<readonly [LabelValues<Labels>, number]>;
}

/** A definition together with its type, as the catalogue lists it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: LabelSchema;
  readonly buckets?: readonly number[];
  readonly reasonForBuckets?: string;
}

/** Every combination of values of the labels; none if the values of one are not known in advance. */
export function knownLabelSets(labels: LabelSchema): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (sets, [name, values]) =>
      values === anyValue ? [] : sets.flatMap((set) => [...values].map((value) => ({ ...set, [name]: value }))),
    [{}],
  );
}
