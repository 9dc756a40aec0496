import type { HistogramDefinition, LabelSchema, LabelSet, NoLabels, WithLabels } from '../definitions/definition.ts';
import type { Exemplar, Sample } from '../exposition/family.ts';
import type { TakeExemplar } from './exemplars.ts';
import type { Instrument } from './instrument.ts';
import { createSeriesSet, type Series, type SeriesSet } from './series-set.ts';

/** One series of a histogram: its buckets, their sum and count. */
export interface BoundHistogram {
  /** @throws RangeError for a value that is infinite or not a number. */
  observe(value: number): void;
}

/** The distribution of observed values. */
export interface Histogram<Labels extends LabelSchema = NoLabels> {
  /** @throws RangeError for a value that is infinite or not a number. */
  observe(...args: WithLabels<Labels, [value: number]>): void;
  /** The series of a label set, to keep where it observes often. It is on the page from then on. */
  labels(...args: WithLabels<Labels, []>): BoundHistogram;
}

/** What all series of one histogram share. */
interface HistogramShape {
  readonly metric: string;
  /** Upper edges without +Inf. */
  readonly edges: readonly number[];
  readonly takeExemplar: TakeExemplar;
}

/** Makes a histogram. Its handle is a `Histogram` of the labels of its definition. */
export function createHistogram(definition: HistogramDefinition, takeExemplar: TakeExemplar): Instrument<object> {
  const { name, labels: schema = {}, buckets } = definition;
  const shape: HistogramShape = { metric: name, edges: [...buckets], takeExemplar };
  const series = createSeriesSet<HistogramSeries>(definition, (labels, set) => new HistogramSeries(shape, labels, set));
  const labelled = {
    observe: (labels: LabelSet, value: number) => series.forRecording(labels).observe(value),
    labels: series.bind,
  };
  const unlabelled = (only: HistogramSeries) => ({
    observe: (value: number) => only.observe(value),
    labels: () => only,
  });
  return {
    handle: Object.keys(schema).length > 0 ? labelled : unlabelled(series.bind({})),
    read() {
      return samplesOf(
        shape,
        Array.from(series, (one) => one.copy()),
      );
    },
    readOverflowed: () => series.overflowed,
  };
}

/** A class, so that all series share their methods: a series may observe millions of values per second. */
class HistogramSeries implements Series, BoundHistogram {
  readonly labels: LabelSet;
  isLive = false;
  readonly #shape: HistogramShape;
  readonly #set: SeriesSet<HistogramSeries>;
  /** Observations per bucket; the page has cumulative counts. */
  readonly #counts: Float64Array;
  #sum = 0;
  /** By bucket; `undefined` until the first one is taken. */
  #exemplars: (Exemplar | undefined)[] | undefined = undefined;

  constructor(shape: HistogramShape, labels: LabelSet, set: SeriesSet<HistogramSeries>) {
    this.labels = labels;
    this.#shape = shape;
    this.#set = set;
    this.#counts = new Float64Array(shape.edges.length + 1);
  }

  observe(value: number): void {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new RangeError(`${this.#shape.metric}: ${value} is not a finite number`);
    if (this.isLive) this.#add(value);
    else this.#set.forRecording(this.labels).#add(value);
  }

  #add(value: number): void {
    const { edges, takeExemplar } = this.#shape;
    const bucket = bucketOf(edges, value);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
    const previous = this.#exemplars?.[bucket];
    const exemplar = takeExemplar(previous, value);
    if (exemplar === previous) return;
    this.#exemplars ??= edges.map(() => undefined);
    this.#exemplars[bucket] = exemplar;
  }

  /** A copy of the values for the page. */
  copy(): HistogramSnapshot {
    return {
      labels: this.labels,
      counts: this.#counts.slice(),
      sum: this.#sum,
      exemplars: this.#exemplars === undefined ? [] : [...this.#exemplars],
    };
  }
}

/** The values of one series at one time. */
interface HistogramSnapshot {
  readonly labels: LabelSet;
  readonly counts: Float64Array;
  readonly sum: number;
  readonly exemplars: readonly (Exemplar | undefined)[];
}

/** Yields the samples one by one, because there are many: one per bucket of each series. */
function* samplesOf({ metric, edges }: HistogramShape, snapshots: readonly HistogramSnapshot[]): Generator<Sample> {
  for (const { labels, counts, sum, exemplars } of snapshots) {
    let count = 0;
    for (const [bucket, observed] of counts.entries()) {
      count += observed;
      const exemplar = exemplars[bucket];
      const edge = { le: edges[bucket] ?? '+Inf', ...labels };
      yield { name: `${metric}_bucket`, labels: edge, value: count, ...(exemplar && { exemplar }) };
    }
    yield { name: `${metric}_sum`, labels, value: sum };
    yield { name: `${metric}_count`, labels, value: count };
  }
}

/** Index of the first edge that is not below a value, by binary search. */
function bucketOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (edges[middle] ?? Infinity)) high = middle;
    else low = middle + 1;
  }
  return low;
}
