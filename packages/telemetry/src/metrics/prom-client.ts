import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/*
 * The only file that imports prom-client. It holds the ordinary instruments; what is served from them is written by
 * `exposition`, and the types of their labels are put on top by the catalogue.
 */

type Labels = Readonly<Record<string, string>>;

/** How an instrument is named. */
export interface InstrumentOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
}

/** A prom-client counter, as far as the catalogue uses it. */
export interface PlainCounter {
  inc(labels: Labels, amount: number): void;
}

/** A prom-client gauge, as far as the catalogue uses it. */
export interface PlainGauge {
  set(labels: Labels, value: number): void;
  inc(labels: Labels, amount: number): void;
  remove(labels: Labels): void;
}

/** A prom-client histogram, as far as the catalogue uses it. */
export interface PlainHistogram {
  zero(labels: Labels): void;
  observe(labels: Labels, value: number): void;
}

/** Makes instruments in one registry of our own; prom-client's global one is not touched. */
export interface InstrumentStore {
  readonly registry: Registry;
  counter(options: InstrumentOptions): PlainCounter;
  gauge(options: InstrumentOptions): PlainGauge;
  histogram(options: InstrumentOptions & { readonly buckets: number[] }): PlainHistogram;
}

/** Makes an empty store. */
export function createInstrumentStore(): InstrumentStore {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    counter: (options) => new Counter({ ...options, registers }),
    gauge: (options) => new Gauge({ ...options, registers }),
    histogram: (options) => new Histogram({ ...options, registers }),
  };
}
