export { ConfigurationError, type SettingProblem, UsageError } from './config/configuration-error.ts';
export * as kinds from './config/kinds.ts';
export {
  readSettings,
  type Setting,
  type SettingSources,
  type SettingTable,
  type SettingValues,
  setting,
} from './config/settings.ts';
export { type TelemetryDefaults, type TelemetrySettings, telemetrySettings } from './config/telemetry-settings.ts';
export type { FamilySource, MetricFamily, MetricType, Sample } from './exposition/family.ts';
export { createMetricsHandler, type MetricsHandler, type MetricsHandlerOptions } from './exposition/handler.ts';
export { type MetricRegistry, registrySource } from './exposition/registry-source.ts';
export type { FastifyTelemetryOptions } from './fastify/plugin.ts';
export { ListenError, type ListenOptions } from './http/listen.ts';
export { type Command, runCommand } from './lifecycle/command.ts';
export { CommandError } from './lifecycle/command-error.ts';
export { type Runnable, runUntilSignal } from './lifecycle/run-until-signal.ts';
export type { RunningService, ServeOptions } from './lifecycle/serve.ts';
export type { Logger } from './logs/logger.ts';
export { type Catalogue, type Counter, createCatalogue, type Gauge, type Histogram } from './metrics/catalogue.ts';
export { anyValue, type CatalogueEntry, type LabelSchema, type LabelValues } from './metrics/definition.ts';
export { processCpuSeconds } from './metrics/process-metrics.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.ts';
