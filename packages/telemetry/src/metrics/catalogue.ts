import type {
  CatalogueEntry,
  CounterDefinition,
  HistogramDefinition,
  InstrumentDefinition,
  LabelSchema,
  NoLabels,
  ObservedDefinition,
} from '../definitions/definition.ts';
import type { FamilySource } from '../exposition/family.ts';
import { createSeriesTable, type SeriesTable, type SeriesTableOptions } from '../series-table/series-table.ts';
import { type Counter, createCounter } from './counter.ts';
import { placeOfCall } from './defined-metrics.ts';
import { createExemplars } from './exemplars.ts';
import { createGauge, type Gauge } from './gauge.ts';
import { createHistogram, type Histogram } from './histogram.ts';
import { createObserved } from './instrument.ts';
import { createMetricSet } from './metric-set.ts';
import type { Registry } from './prom-client.ts';

/**
 * The metrics of a service. Label sets that are known in advance exist at zero from the first scrape, and a wrong label name or
 * value does not compile. Repeating a definition returns the same instrument.
 *
 * @example
 * ```ts
 * const refunds = telemetry.metrics.counter({
 *   name: 'shop_refunds_total',
 *   help: 'Refunds, by outcome.',
 *   labels: { outcome: ['paid', 'refused'] },
 * });
 * refunds.inc({ outcome: 'paid' });
 * ```
 *
 * @throws MetricDefinitionError from each method, for an invalid definition, or one that differs from the definition that the
 * catalogue has under that name.
 */
export interface Catalogue {
  /** A value that only grows; count where the event happens. */
  counter<const Labels extends LabelSchema = NoLabels>(definition: CounterDefinition<Labels>): Counter<Labels>;
  /** A value that goes up and down; set it where it changes. */
  gauge<const Labels extends LabelSchema = NoLabels>(definition: InstrumentDefinition<Labels>): Gauge<Labels>;
  /** The distribution of values, such as durations; observe where they occur. */
  histogram<const Labels extends LabelSchema = NoLabels>(definition: HistogramDefinition<Labels>): Histogram<Labels>;
  /** A metric that is read from existing state at each scrape, so that it cannot differ from that state. */
  observed<const Labels extends LabelSchema = NoLabels>(definition: ObservedDefinition<Labels>): void;
  /**
   * Series of many objects with the same metrics: a row per object, a column per metric.
   *
   * @throws Error as `createSeriesTable`.
   */
  seriesTable<const Label extends string, const Column extends string>(
    options: SeriesTableOptions<Label, Column>,
  ): SeriesTable<Label, Column>;
  /** All definitions, in order. */
  readonly entries: readonly CatalogueEntry[];
  /** The sources for `/metrics`: all metrics in the order of their definitions, and those added to `registry`. */
  readonly sources: readonly FamilySource[];
  /**
   * All metrics in a prom-client registry, to push them or for a library that needs a registry. Metrics that are added to it are
   * also on the page.
   */
  readonly registry: Registry;
}

/** Options of a catalogue. */
export interface CatalogueOptions {
  /** Unix time in milliseconds, for exemplars. @default Date.now */
  readonly now?: () => number;
}

/**
 * Makes an empty catalogue. The first metric with a label of any value also defines `telemetry_metric_overflow_total`, which
 * counts recordings beyond the limit of a metric.
 */
export function createCatalogue({ now = Date.now }: CatalogueOptions = {}): Catalogue {
  const takeExemplar = createExemplars({ now });
  const { define, addTable, sources, registry, listEntries } = createMetricSet();

  // The casts are safe: the handle belongs to an equal definition, whose labels were compared.
  const catalogue: Catalogue = {
    counter<const Labels extends LabelSchema>(definition: CounterDefinition<Labels>) {
      const create = () => createCounter(definition, takeExemplar);
      return define({ ...definition, type: 'counter' }, placeOfCall(catalogue.counter), create) as Counter<Labels>;
    },
    gauge<const Labels extends LabelSchema>(definition: InstrumentDefinition<Labels>) {
      const create = () => createGauge(definition);
      return define({ ...definition, type: 'gauge' }, placeOfCall(catalogue.gauge), create) as Gauge<Labels>;
    },
    histogram<const Labels extends LabelSchema>(definition: HistogramDefinition<Labels>) {
      const create = () => createHistogram(definition, takeExemplar);
      return define(
        { ...definition, type: 'histogram' },
        placeOfCall(catalogue.histogram),
        create,
      ) as Histogram<Labels>;
    },
    observed(definition) {
      define(definition, placeOfCall(catalogue.observed), () => createObserved(definition.name, definition.read));
    },
    seriesTable(options) {
      const table = createSeriesTable(options);
      addTable(table);
      return table;
    },
    get entries() {
      return listEntries();
    },
    sources,
    registry,
  };
  return catalogue;
}
