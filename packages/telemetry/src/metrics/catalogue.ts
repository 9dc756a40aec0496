import type { Families, FamilySource, MetricFamily } from '../exposition/family.ts';
import { registrySource } from '../exposition/registry-source.ts';
import { createSeriesTable, type SeriesTable, type SeriesTableOptions } from '../series-table/series-table.ts';
import { tableMetrics } from '../series-table/series-table-metrics.ts';
import { checkDefinition } from './check-definition.ts';
import { type Counter, createCounter } from './counter.ts';
import { type DefinedMetric, findSameMetric } from './defined-metrics.ts';
import {
  type AnyDefinition,
  anyValue,
  type CatalogueEntry,
  type CounterDefinition,
  type HistogramDefinition,
  type InstrumentDefinition,
  type LabelSchema,
  type NoLabels,
  type ObservedDefinition,
} from './definition.ts';
import { type DefinitionPlace, placeOfCall } from './definition-place.ts';
import { createExemplars } from './exemplars.ts';
import { createGauge, type Gauge } from './gauge.ts';
import { createHistogram, type Histogram } from './histogram.ts';
import type { Instrument } from './instrument.ts';
import { MetricDefinitionError } from './metric-definition-error.ts';
import { createObserved } from './observed.ts';
import { isOpen, overflowMetric, overflowOf } from './overflow.ts';
import { createShowingRegistry, type Registry } from './prom-client.ts';

/**
 * The metrics of a service. Label sets that are known in advance exist at zero from the first scrape, and a wrong label
 * name or value does not compile.
 *
 * The same definition a second time gives the same instrument.
 *
 * @example
 * ```ts
 * const refunds = telemetry.metrics.counter({
 *   name: 'shop_refunds_total',
 *   help: 'Refunds, by what became of them.',
 *   labels: { outcome: ['paid', 'refused'] },
 * });
 * refunds.inc({ outcome: 'paid' });
 * ```
 *
 * @throws MetricDefinitionError from each method, for a definition that Prometheus would not take, or that is not the one
 * which the catalogue has under that name.
 */
export interface Catalogue {
  /** A value that only grows, moved where the thing happens. */
  counter<const Labels extends LabelSchema = NoLabels>(definition: CounterDefinition<Labels>): Counter<Labels>;
  /** A value that goes up and down, moved where the thing happens. */
  gauge<const Labels extends LabelSchema = NoLabels>(definition: InstrumentDefinition<Labels>): Gauge<Labels>;
  /** The distribution of values, such as durations, moved where the thing happens. */
  histogram<const Labels extends LabelSchema = NoLabels>(definition: HistogramDefinition<Labels>): Histogram<Labels>;
  /** A metric that is derived at each scrape from state that exists anyway, so that it cannot drift from it. */
  observed<const Labels extends LabelSchema = NoLabels>(definition: ObservedDefinition<Labels>): void;
  /**
   * Series of many things that have the same metrics: a row for each thing, a column for each metric.
   *
   * @throws Error as `createSeriesTable`.
   */
  seriesTable<const Label extends string, const Column extends string>(
    options: SeriesTableOptions<Label, Column>,
  ): SeriesTable<Label, Column>;
  /** Everything that was defined, in that order. */
  readonly entries: readonly CatalogueEntry[];
  /** What `/metrics` is written from: all metrics, in the order of their definitions, and what was added to `registry`. */
  readonly sources: readonly FamilySource[];
  /**
   * All metrics as prom-client has them, to push them or to hand them to a library that wants a registry. What is added
   * to it is on the page, too.
   */
  readonly registry: Registry;
}

/** Options of a catalogue. */
export interface CatalogueOptions {
  /** Unix time in milliseconds, for exemplars. @default Date.now */
  readonly now?: () => number;
}

/**
 * Makes an empty catalogue. With the first metric that has a label of any value comes `telemetry_metric_overflow_total`,
 * which tells of metrics at their limit.
 */
export function createCatalogue({ now = Date.now }: CatalogueOptions = {}): Catalogue {
  const takeExemplar = createExemplars({ now });
  const defined = new Map<string, CatalogueMetric>();
  const shown = createShowingRegistry();
  const tables: SeriesTable<string, string>[] = [];

  /** Reads all metrics in one go, so that they agree with each other. */
  function readCatalogue(): Families {
    return Array.from(defined.values(), (metric) =>
      metric.definition.read === undefined
        ? readFamily(metric)
        : { name: metric.definition.name, family: readObservedFamily(metric) },
    );
  }

  /** @returns the handle of the metric: a new one, or the one that the same definition got before */
  const define = (definition: AnyDefinition, place: DefinitionPlace, create: () => Instrument<object>): object => {
    checkDefinition(definition);
    const same = findSameMetric(defined, { definition, place });
    if (same !== undefined) return same.handle;
    const { type, name, help, labels = {} } = definition;
    if (tables.some((table) => table.entries.some((entry) => entry.name === name)))
      throw new MetricDefinitionError(name, 'is a metric of a series table already');
    if (shown.has(name)) throw new MetricDefinitionError(name, 'is in the registry of the catalogue already');
    // Only now, so that pages of several small catalogues have it once at most.
    if (isOpen(definition) && !defined.has(overflowMetric)) catalogue.observed(overflowOf(defined));
    const metric = { ...create(), definition, place };
    defined.set(name, metric);
    shown.show({ type, name, help, labelNames: Object.keys(labels), read: metric.read });
    return metric.handle;
  };

  const sources: FamilySource[] = [readCatalogue, registrySource(shown.added)];
  const defineTableMetrics = () => {
    for (const { readTable, ...definition } of tableMetrics) {
      const read = () => tables.map((table) => [{ table: table.name }, readTable(table)] as const);
      catalogue.observed({ ...definition, labels: { table: anyValue }, read });
    }
  };

  // Each cast: the handle is that of an equal definition, whose labels have been compared.
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
      for (const { name } of table.entries) {
        if (defined.has(name) || tables.some(({ entries }) => entries.some((entry) => entry.name === name)))
          throw new MetricDefinitionError(name, `cannot be in the series table ${table.name}: it is defined already`);
      }
      if (tables.length === 0) defineTableMetrics();
      tables.push(table);
      sources.push(table.source);
      return table;
    },
    get entries() {
      const ofTables = tables.flatMap((table) => table.entries);
      return [...Array.from(defined.values(), ({ definition }) => entryOf(definition)), ...ofTables];
    },
    sources,
    registry: shown.registry,
  };
  return catalogue;
}

interface CatalogueMetric extends DefinedMetric, Instrument<object> {}

function readFamily({ definition: { type, name, help }, read }: CatalogueMetric): MetricFamily {
  return { type, name, help, samples: read() };
}

/** Asynchronous, so that a reading that throws costs its own metric alone. */
async function readObservedFamily(metric: CatalogueMetric): Promise<MetricFamily> {
  return readFamily(metric);
}

function entryOf({ type, name, help, labels = {}, buckets, reasonForBuckets }: AnyDefinition): CatalogueEntry {
  return { name, help, type, labels, ...(buckets && { buckets }), ...(reasonForBuckets && { reasonForBuckets }) };
}
