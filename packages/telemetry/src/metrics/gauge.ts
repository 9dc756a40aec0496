import type { InstrumentDefinition, LabelSchema, LabelSet, NoLabels, WithLabels } from '../definitions/definition.ts';
import { type Instrument, refuseNaN } from './instrument.ts';
import { createSeriesSet, type Series, type SeriesSet } from './series-set.ts';

/** One series of a gauge. */
export interface BoundGauge {
  /** @throws RangeError for a value that is not a number. */
  set(value: number): void;
  /** Adds an amount, which may be negative. @throws RangeError when the sum is not a number. */
  inc(amount?: number): void;
  /** Removes the series; it returns when it is set again. */
  remove(): void;
}

/** A value that goes up and down. For label sets beyond the limit, the overflow series has the last value. */
export interface Gauge<Labels extends LabelSchema = NoLabels> {
  /** @throws RangeError for a value that is not a number. */
  set(...args: WithLabels<Labels, [value: number]>): void;
  /** Adds an amount, which may be negative. @throws RangeError when the sum is not a number. */
  inc(...args: WithLabels<Labels, [amount?: number]>): void;
  /** Removes the series of a label set; it returns when it is set again. */
  remove(...args: WithLabels<Labels, []>): void;
  /** The series of a label set, to keep where it is set often. It is on the page from then on. */
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

/** A class, so that all series share their methods: a series may be set millions of times per second. */
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
