import type { CounterDefinition, LabelSchema, LabelSet, NoLabels, WithLabels } from '../definitions/definition.ts';
import type { Exemplar } from '../exposition/family.ts';
import type { TakeExemplar } from './exemplars.ts';
import type { Instrument } from './instrument.ts';
import { createSeriesSet, type Series, type SeriesSet } from './series-set.ts';

/** One series of a counter. */
export interface BoundCounter {
  /** Adds an amount. @throws RangeError for one that is negative, infinite or not a number. */
  inc(amount?: number): void;
}

/** A value that only grows. */
export interface Counter<Labels extends LabelSchema = NoLabels> {
  /** Adds an amount. @throws RangeError for one that is negative, infinite or not a number. */
  inc(...args: WithLabels<Labels, [amount?: number]>): void;
  /** The series of a label set, to keep where it is incremented often. It is on the page from then on. */
  labels(...args: WithLabels<Labels, []>): BoundCounter;
}

/** Makes a counter. Its handle is a `Counter` of the labels of its definition. */
export function createCounter(definition: CounterDefinition, takeExemplar: TakeExemplar): Instrument<object> {
  const { name, labels: schema = {}, exemplars = false } = definition;
  const series = createSeriesSet<CounterSeries>(
    definition,
    (labels, set) => new CounterSeries(name, labels, set, exemplars ? takeExemplar : undefined),
  );
  const labelled = {
    inc: (labels: LabelSet, amount?: number) => series.forRecording(labels).inc(amount),
    labels: series.bind,
  };
  const unlabelled = (only: CounterSeries) => ({ inc: (amount?: number) => only.inc(amount), labels: () => only });
  return {
    handle: Object.keys(schema).length > 0 ? labelled : unlabelled(series.bind({})),
    read: () =>
      Array.from(series, ({ labels, value, exemplar }) => ({ name, labels, value, ...(exemplar && { exemplar }) })),
    readOverflowed: () => series.overflowed,
  };
}

/** A class, so that all series share their methods: a series may be incremented millions of times per second. */
class CounterSeries implements Series, BoundCounter {
  readonly labels: LabelSet;
  isLive = false;
  value = 0;
  exemplar: Exemplar | undefined = undefined;
  readonly #metric: string;
  readonly #set: SeriesSet<CounterSeries>;
  readonly #takeExemplar: TakeExemplar | undefined;

  constructor(metric: string, labels: LabelSet, set: SeriesSet<CounterSeries>, takeExemplar: TakeExemplar | undefined) {
    this.labels = labels;
    this.#metric = metric;
    this.#set = set;
    this.#takeExemplar = takeExemplar;
  }

  inc(amount = 1): void {
    if (!(typeof amount === 'number' && amount >= 0 && amount < Infinity))
      throw new RangeError(`${this.#metric}: a counter grows by a finite amount of 0 or more, not by ${amount}`);
    if (this.isLive) this.#add(amount);
    else this.#set.forRecording(this.labels).#add(amount);
  }

  #add(amount: number): void {
    this.value += amount;
    if (this.#takeExemplar !== undefined) this.exemplar = this.#takeExemplar(this.exemplar, amount);
  }
}
