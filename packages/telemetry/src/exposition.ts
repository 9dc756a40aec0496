export type { CatalogueEntry } from './definitions/definition.ts';
export type {
  Exemplar,
  Families,
  FamilyHeader,
  FamilySource,
  MetricFamily,
  MetricType,
  NamedSource,
  PendingFamily,
  RenderedFamily,
  Sample,
} from './exposition/family.ts';
export { type MetricRegistry, registrySource } from './exposition/registry-source.ts';
export type { ScrapeMetrics } from './exposition/scrape-response.ts';
export { createMetricsHandler, type MetricsHandler, type MetricsHandlerOptions } from './http/metrics-handler.ts';
export { defineScrapeMetrics } from './http/scrape-metrics.ts';
export { type CatalogueOptions, createCatalogue } from './metrics/catalogue.ts';
export { processCpuSeconds } from './metrics/process-metrics.ts';
export type { RowLabels } from './series-table/row-labels.ts';
export {
  createSeriesTable,
  type SeriesColumn,
  type SeriesTableOptions,
  type SeriesTableState,
} from './series-table/series-table.ts';
export { seriesTableMetrics } from './series-table/series-table-metrics.ts';
export type { ColumnDefinition } from './series-table/table-definition.ts';
