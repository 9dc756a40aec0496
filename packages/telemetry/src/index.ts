export { ConfigurationError, type SettingProblem, UsageError } from './config/configuration-error.ts';
export type { IgnoredVariables } from './config/ignored-variables.ts';
export * as kinds from './config/kinds.ts';
export {
  readSettings,
  type Setting,
  type SettingSources,
  type SettingTable,
  type SettingValues,
  setting,
  settingGroup,
} from './config/settings.ts';
export { type TelemetryDefaults, type TelemetrySettings, telemetrySettings } from './config/telemetry-settings.ts';
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
export { createMetricsHandler, type MetricsHandler, type MetricsHandlerOptions } from './exposition/handler.ts';
export { type MetricRegistry, registrySource } from './exposition/registry-source.ts';
export { defineScrapeMetrics, type ScrapeMetrics } from './exposition/scrape-metrics.ts';
export type { FastifyTelemetryOptions } from './fastify/plugin.ts';
export type { Fetch } from './fetch/traced-fetch.ts';
export type { Health } from './http/health.ts';
export { ListenError, type ListenOptions } from './http/listen.ts';
export { type OnePortOptions, onePort } from './http/one-port.ts';
export type { CheckAnswer, ReadinessCheck, ReadinessCheckOptions } from './http/readiness-checks.ts';
export { type Command, runCommand } from './lifecycle/command.ts';
export { CommandError } from './lifecycle/command-error.ts';
export { type Runnable, runUntilSignal } from './lifecycle/run-until-signal.ts';
export type { Servable } from './lifecycle/servable.ts';
export type { RunningService, ServeOptions } from './lifecycle/serve.ts';
export { LogFileError } from './logs/log-file.ts';
export type { Logger } from './logs/logger.ts';
export { type Catalogue, type CatalogueOptions, createCatalogue } from './metrics/catalogue.ts';
export type { BoundCounter, Counter } from './metrics/counter.ts';
export {
  anyValue,
  type CatalogueEntry,
  type CounterDefinition,
  type HistogramDefinition,
  type InstrumentDefinition,
  type LabelSchema,
  type LabelValues,
  type ObservedDefinition,
} from './metrics/definition.ts';
export type { BoundGauge, Gauge } from './metrics/gauge.ts';
export type { BoundHistogram, Histogram } from './metrics/histogram.ts';
export { MetricDefinitionError } from './metrics/metric-definition-error.ts';
export { processCpuSeconds } from './metrics/process-metrics.ts';
export type { NodeHttp, NodeHttpHandler, NodeHttpOptions } from './node-http/node-http.ts';
export type { RpcMetricsOptions, RpcService } from './requests/rpc-metrics.ts';
export type { RowLabels } from './series-table/row-labels.ts';
export {
  createSeriesTable,
  type SeriesColumn,
  type SeriesRow,
  type SeriesTable,
  type SeriesTableOptions,
  type SeriesTableState,
} from './series-table/series-table.ts';
export { seriesTableMetrics } from './series-table/series-table-metrics.ts';
export type { ColumnDefinition } from './series-table/table-definition.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.ts';
