import { checkDefinition, MetricDefinitionError } from '../definitions/check-definition.ts';
import { type AnyDefinition, anyValue, type CatalogueEntry } from '../definitions/definition.ts';
import type { Families, FamilySource, MetricFamily } from '../exposition/family.ts';
import { registrySource } from '../exposition/registry-source.ts';
import type { SeriesTable } from '../series-table/series-table.ts';
import { tableMetrics } from '../series-table/series-table-metrics.ts';
import { type DefinedMetric, type DefinitionPlace, findSameMetric, placeOfCall } from './defined-metrics.ts';
import { createObserved, type Instrument } from './instrument.ts';
import { isOpen, overflowMetric, overflowOf } from './overflow.ts';
import { createExposedRegistry, type Registry } from './prom-client.ts';

/** The metrics and tables of a catalogue. Each name is used once. */
export interface MetricSet {
  /**
   * Adds a metric.
   *
   * @returns the handle of the metric: a new one, or the existing one for an equal definition
   * @throws MetricDefinitionError as the methods of a catalogue
   */
  readonly define: (definition: AnyDefinition, place: DefinitionPlace, create: () => Instrument<object>) => object;
  /** Adds a table and, with the first one, the metrics of tables. @throws MetricDefinitionError for a name that is used */
  readonly addTable: (table: SeriesTable<string, string>) => void;
  /** All definitions, in order; those of tables last. */
  readonly listEntries: () => readonly CatalogueEntry[];
  /** The metrics, what was added to the registry, and then the tables. */
  readonly sources: readonly FamilySource[];
  readonly registry: Registry;
}

interface CatalogueMetric extends DefinedMetric, Instrument<object> {}

/** Makes an empty set. */
export function createMetricSet(): MetricSet {
  const defined = new Map<string, CatalogueMetric>();
  const tables: SeriesTable<string, string>[] = [];
  const exposed = createExposedRegistry();
  const sources: FamilySource[] = [
    function readCatalogue() {
      return readAll(defined);
    },
    registrySource(exposed.added),
  ];
  const isInTable = (name: string) => tables.some(({ entries }) => entries.some((entry) => entry.name === name));

  function define(definition: AnyDefinition, place: DefinitionPlace, create: () => Instrument<object>): object {
    checkDefinition(definition);
    const same = findSameMetric(defined, { definition, place });
    if (same !== undefined) return same.handle;
    const { type, name, help, labels = {} } = definition;
    if (isInTable(name)) throw new MetricDefinitionError(name, 'is a metric of a series table already');
    if (exposed.has(name)) throw new MetricDefinitionError(name, 'is in the registry of the catalogue already');
    // Only now, so that pages of several small catalogues have it at most once.
    if (isOpen(definition) && !defined.has(overflowMetric)) observe(overflowOf(defined));
    const metric = { ...create(), definition, place };
    defined.set(name, metric);
    exposed.expose({ type, name, help, labelNames: Object.keys(labels), read: metric.read });
    return metric.handle;
  }

  function observe(definition: AnyDefinition & Required<Pick<AnyDefinition, 'read'>>): void {
    define(definition, placeOfCall(observe), () => createObserved(definition.name, definition.read));
  }

  function addTable(table: SeriesTable<string, string>): void {
    for (const { name } of table.entries) {
      if (defined.has(name) || isInTable(name))
        throw new MetricDefinitionError(name, `cannot be in the series table ${table.name}: it is defined already`);
    }
    if (tables.length === 0) {
      for (const { readTable, ...definition } of tableMetrics) {
        const read = () => tables.map((one) => [{ table: one.name }, readTable(one)] as const);
        observe({ ...definition, labels: { table: anyValue }, read });
      }
    }
    tables.push(table);
    sources.push(table.source);
  }

  return {
    define,
    addTable,
    listEntries: () => [
      ...Array.from(defined.values(), ({ definition }) => entryOf(definition)),
      ...tables.flatMap((table) => table.entries),
    ],
    sources,
    registry: exposed.registry,
  };
}

/** Reads all metrics without interruption, so that they are consistent. */
function readAll(metrics: ReadonlyMap<string, CatalogueMetric>): Families {
  return Array.from(metrics.values(), (metric) =>
    metric.definition.read === undefined
      ? readFamily(metric)
      : { name: metric.definition.name, family: readObservedFamily(metric) },
  );
}

function readFamily({ definition: { type, name, help }, read }: CatalogueMetric): MetricFamily {
  return { type, name, help, samples: read() };
}

/** Asynchronous, so that if `read` throws, only its own metric is left out. */
async function readObservedFamily(metric: CatalogueMetric): Promise<MetricFamily> {
  return readFamily(metric);
}

function entryOf({ type, name, help, labels = {}, buckets, reasonForBuckets }: AnyDefinition): CatalogueEntry {
  return { name, help, type, labels, ...(buckets && { buckets }), ...(reasonForBuckets && { reasonForBuckets }) };
}
