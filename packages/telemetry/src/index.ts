export { ConfigurationError } from '@vmobs/settings';
export { MetricDefinitionError } from './definitions/check-definition.ts';
export {
  anyValue,
  type CounterDefinition,
  type HistogramDefinition,
  type InstrumentDefinition,
  type LabelSchema,
  type LabelValues,
  type ObservedDefinition,
} from './definitions/definition.ts';
export type { Fetch } from './fetch/traced-fetch.ts';
export type { Health } from './http/health.ts';
export { ListenError } from './http/listen.ts';
export type { ReadinessCheck } from './http/readiness-checks.ts';
export type { HttpServer } from './lifecycle/http-server.ts';
export type { RunningService, ServeOptions } from './lifecycle/serve.ts';
export type { Work, WorkOptions } from './lifecycle/work.ts';
export { LogFileError } from './logs/log-file.ts';
export type { Logger } from './logs/logger.ts';
export type { Catalogue } from './metrics/catalogue.ts';
export type { BoundCounter, Counter } from './metrics/counter.ts';
export type { BoundGauge, Gauge } from './metrics/gauge.ts';
export type { BoundHistogram, Histogram } from './metrics/histogram.ts';
export type { NodeHttpHandler, NodeHttpOptions } from './node-http/node-http.ts';
export type { RpcMetricsOptions } from './requests/rpc-metrics.ts';
export type { SeriesRow, SeriesTable } from './series-table/series-table.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.ts';
export { readTelemetrySettings, type TelemetrySettings } from './telemetry-settings.ts';
