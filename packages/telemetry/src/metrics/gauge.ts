import type { InstrumentDefinition, LabelSchema, LabelSet, NoLabels, WithLabels } from './definition.ts';
import { type Instrument, refuseNaN } from './instrument.ts';
import { createSeriesSet, type Series, type SeriesSet } from './series-set.ts';

/** One series of a gauge. */
export interface BoundGauge {
  /** @throws RangeError for a value that is not a number. */
  set(value: number): void;
  /** Adds an amount; a negative one is taken away. @throws RangeError when the sum is not a number. */
  inc(amount?: number): void;
  /** Ends the series; it comes back when it is moved again. */
  remove(): void;
}

/** A value that goes up and down. What is set for label sets beyond the limit leaves its last value in overflow. */
export interface Gauge<Labels extends LabelSchema = NoLabels> {
  /** @throws RangeError for a value that is not a number. */
  set(...args: WithLabels<Labels, [value: number]>): void;
  /** Adds an amount; a negative one is taken away. @throws RangeError when the sum is not a number. */
  inc(...args: WithLabels<Labels, [amount?: number]>): void;
  /** Ends the series of a label set; it comes back when it is moved again. */
  remove(...args: WithLabels<Labels, []>): void;
  /** The series of a label set, to keep where it is moved often. It is on the page from then on. */
  labels(...args: WithLabels<Labels, []>): BoundGauge;
}

/** Makes a gauge. Its handle is a `Gauge` of the labels of its definition. */
export function createGauge(definition: InstrumentDefinition): Instrument<object> {
  const { name, labels: schema = {} } = definition;
  const series = createSeriesSet<GaugeSeries>(definition, (labels, set) => new GaugeSeries(name, labels, set));
  const labelled = {
    set: (labels: LabelSet, value: number) => series.forRecording(labels).set(value),
    inc: (labels: LabelSet, amount?: number) => series.forRecording(labels).inc(amount),
    remove: series.remove,
    labels: series.bind,
  };
  const unlabelled = (only: GaugeSeries) => ({
    set: (value: number) => only.set(value),
    inc: (amount?: number) => only.inc(amount),
    remove: () => only.remove(),
    labels: () => only,
  });
  return {
    handle: Object.keys(schema).length > 0 ? labelled : unlabelled(series.bind({})),
    read: () => Array.from(series, ({ labels, value }) => ({ name, labels, value })),
    readOverflowed: () => series.overflowed,
  };
}

/** A class, so that all series share their methods: a series is what is moved millions of times a second. */
class GaugeSeries implements Series, BoundGauge {
  readonly labels: LabelSet;
  isLive = false;
  value = 0;
  readonly #metric: string;
  readonly #set: SeriesSet<GaugeSeries>;

  constructor(metric: string, labels: LabelSet, set: SeriesSet<GaugeSeries>) {
    this.labels = labels;
    this.#metric = metric;
    this.#set = set;
  }

  set(value: number): void {
    refuseNaN(this.#metric, value);
    this.#live().value = value;
  }

  inc(amount = 1): void {
    const series = this.#live();
    const sum = series.value + amount;
    refuseNaN(this.#metric, sum);
    series.value = sum;
  }

  remove(): void {
    this.#set.remove(this.labels);
  }

  #live(): GaugeSeries {
    return this.isLive ? this : this.#set.forRecording(this.labels);
  }
}
