import { randomUUID } from 'node:crypto';
import { isatty } from 'node:tty';
import { type Attributes, type Tracer, trace } from '@opentelemetry/api';
import { ConfigurationError } from '@vmobs/settings';
import type { DestinationStream } from 'pino';
import { logEnvironment, type ReadEnvironment } from './environment-notes.ts';
import { createTracedFetch, type Fetch } from './fetch/traced-fetch.ts';
import { createHealth, type Health } from './http/health.ts';
import { createHostGuard } from './http/host-guard.ts';
import { createMetricsHandler, type MetricsHandler } from './http/metrics-handler.ts';
import { type MetricsServer, startMetricsServer } from './http/metrics-server.ts';
import { defineScrapeMetrics } from './http/scrape-metrics.ts';
import type { HttpServer } from './lifecycle/http-server.ts';
import { createRun } from './lifecycle/run.ts';
import { type RunningService, type ServeOptions, serve } from './lifecycle/serve.ts';
import type { Work, WorkOptions } from './lifecycle/work.ts';
import { logFileOf } from './logs/log-file.ts';
import { createLogs, type Logger, type Logs } from './logs/logger.ts';
import { loadPrettyFormat } from './logs/pretty-format.ts';
import { throttleErrors } from './logs/throttled-errors.ts';
import { type Catalogue, createCatalogue } from './metrics/catalogue.ts';
import { defineProcessMetrics, type ProcessMetrics } from './metrics/process-metrics.ts';
import { createNodeHttp, type NodeHttp } from './node-http/node-http.ts';
import { type HttpMetrics, httpMetricsOf } from './requests/http-metrics.ts';
import { readTelemetrySettings, type TelemetrySettings } from './telemetry-settings.ts';
import { startTracing, type Tracing } from './traces/sdk.ts';
import { tracesUrlOf } from './traces/trace-settings.ts';

/** How long the last export may take, in milliseconds: enough for a slow collector, and short if the collector is down. */
const defaultFlushTimeoutMs = 3_000;

/** Options of `startTelemetry`. */
export interface TelemetryOptions {
  /** Name of the service, unless the environment sets another. */
  readonly name: string;
  /** Version of the service. */
  readonly version: string;
  /** Prefix of its environment variables; of several, the first variable that is set is used. @default [] */
  readonly envPrefix?: string | readonly string[];
  /** Port of `/metrics`, `/health` and `/ready`; 0 takes a free one. @default 9464 */
  readonly metricsPort?: number;
  /**
   * Settings that were already read with `readTelemetrySettings`. @default those of the environment, where invalid values end the
   * process with status 2 and one message that lists all of them
   */
  readonly settings?: TelemetrySettings;
  /** Resource attributes of all spans. */
  readonly resourceAttributes?: Attributes;
  /** Destination of log lines. @default standard output */
  readonly logOutput?: DestinationStream;
}

/** Metrics, traces, logs, health and the lifecycle of one service. */
export interface Telemetry {
  /** Writes JSON lines with the ids of the active span; secrets are redacted. */
  readonly logger: Logger;
  /** Makes spans, which are exported when traces are on. */
  readonly tracer: Tracer;
  /** The metrics of the page, including those of the process. */
  readonly metrics: Catalogue;
  /** The settings in force. */
  readonly settings: TelemetrySettings;
  /** The state behind `/health` and `/ready`. */
  readonly health: Health;
  /** URL of the metrics port; `undefined` when it is disabled. */
  readonly metricsUrl: string | undefined;
  /**
   * Wraps a handler of `node:http`, or that of `connectNodeAdapter`, with a span, metrics and a log line per request, and with
   * `/health` and `/ready`: `createServer(telemetry.nodeHttp(handler))`. `@vmobs/telemetry/fastify` does the same for Fastify
   * applications.
   */
  readonly nodeHttp: NodeHttp;
  /** The metrics of HTTP requests, for `@vmobs/telemetry/fastify`. The first call defines them. */
  readonly httpMetrics: () => HttpMetrics;
  /** `fetch` with a client span, context propagation and a duration per call. */
  readonly fetch: Fetch;
  /** Opens the port of a Fastify application or a `node:http` server and sets the service ready. */
  listen(app: HttpServer, options: ServeOptions): Promise<RunningService>;
  /** As `listen`, and then runs until a signal shuts it down gracefully. @returns the exit status */
  run(app: HttpServer, options: ServeOptions): Promise<number>;
  /**
   * Runs a service without an HTTP server, which is ready at once: until its work is done, or until a signal ends it. Without
   * `work` only a signal does.
   *
   * @returns the exit status: 1 when the work failed, or was not done in time after the signal
   */
  run(work?: Work, options?: WorkOptions): Promise<number>;
  /** Reopens the log file; `undefined` without one. */
  readonly reopenLogs: (() => void) | undefined;
  /** Flushes spans for at most 3 s, closes the metrics port, flushes logs. */
  close(): Promise<void>;
}

/**
 * Starts the telemetry of a service from its environment. Invalid variables end the process with status 2 and one message that
 * lists all of them; `readTelemetrySettings` throws an error instead.
 *
 * @example
 * ```ts
 * import { startTelemetry } from '@vmobs/telemetry';
 * import { fastifyOptions, fastifyTelemetry } from '@vmobs/telemetry/fastify';
 * import Fastify from 'fastify';
 *
 * const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', envPrefix: 'SHOP' });
 * const app = Fastify(fastifyOptions(telemetry));
 * await app.register(fastifyTelemetry(telemetry));
 * process.exit(await telemetry.run(app, { port: Number(process.env['SHOP_PORT'] ?? 8080) }));
 * ```
 *
 * @throws ListenError when the metrics port is in use.
 * @throws LogFileError when the log file cannot be opened.
 */
export function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { envPrefix = [] } = options;
  const prefixes = typeof envPrefix === 'string' ? [envPrefix] : envPrefix;
  return startWithSettings({
    ...options,
    settings: options.settings ?? readEnvironment(options, prefixes),
    environment: { env: process.env, prefixes },
    metricsPortSetting: variableNamesOf('_OTEL_PROMETHEUS_PORT', prefixes).join(' or ') || 'the option metricsPort',
    metricsHostSetting: variableNamesOf('_OTEL_PROMETHEUS_INTERFACE', prefixes).join(' or '),
  });
}

/** The names of a variable of telemetry with each of the prefixes. */
export function variableNamesOf(variable: string, prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => prefix + variable);
}

/** Options of a start, whatever the source of the settings. */
export interface StartOptions extends Pick<TelemetryOptions, 'resourceAttributes' | 'logOutput'> {
  readonly settings: TelemetrySettings;
  /** Where they come from, for lines about variables that cannot be used. */
  readonly environment: ReadEnvironment;
  /** Setting that errors name when the metrics port cannot be opened. */
  readonly metricsPortSetting: string;
  /** Setting that errors name when its address cannot be used. */
  readonly metricsHostSetting: string;
  /** Wraps the handler of `/metrics`. @default none */
  readonly wrapMetrics?: (handler: MetricsHandler) => MetricsHandler;
}

/** Starts telemetry with settings that were read. A failed start leaves nothing open. */
export async function startWithSettings(options: StartOptions): Promise<Telemetry> {
  const metrics = createCatalogue();
  const opened: OpenedParts = { processMetrics: defineProcessMetrics(metrics) };
  try {
    return await startParts(options, metrics, opened);
  } catch (error) {
    await closeParts(opened, defaultFlushTimeoutMs);
    throw error;
  }
}

/** The parts that are open so far, to be closed. */
interface OpenedParts {
  readonly processMetrics: ProcessMetrics;
  logs?: Logs;
  tracing?: Tracing;
  metricsServer?: MetricsServer;
}

/** Closes spans first, so that their losses can still be logged and scraped. */
async function closeParts(
  { processMetrics, logs, tracing, metricsServer }: OpenedParts,
  flushTimeoutMs: number,
): Promise<void> {
  const loss = await tracing?.close(flushTimeoutMs);
  if (loss !== undefined) {
    logs?.logger.warn({ lost_spans: loss.spans, reason: loss.reason }, 'spans that were not yet exported are lost');
  }
  await metricsServer?.close();
  logs?.close();
  processMetrics.close();
}

async function startParts(options: StartOptions, metrics: Catalogue, opened: OpenedParts): Promise<Telemetry> {
  const { settings, resourceAttributes = {}, logOutput } = options;
  const { serviceName: service, serviceVersion: version } = settings;
  const instanceId = randomUUID();
  const logs = createLogs({
    service,
    instanceId,
    level: settings.logLevel,
    prettify: await loadPrettyFormat(settings.logFormat, logOutput === undefined && isatty(1)),
    file: logFileOf(settings),
    output: logOutput,
    metrics,
  });
  opened.logs = logs;
  const { logger } = logs;
  logEnvironment(logger, settings, options.environment);
  const onError = throttleErrors(logger);
  const health = createServiceHealth(settings, logger);
  opened.tracing = await startTracing({
    enabled: settings.tracesEnabled && !settings.sdkDisabled,
    tracesUrl: tracesUrlOf(settings),
    sampler: settings.sampler,
    samplingRate: settings.samplingRate,
    queueSize: settings.spanQueueSize,
    batchSize: settings.spanBatchSize,
    batchDelayMs: settings.spanBatchDelayMs,
    exportTimeoutMs: settings.spanExportTimeoutMs,
    serviceName: service,
    serviceVersion: version,
    instanceId,
    resourceAttributes,
    metrics,
    logger,
  });
  if (settings.metricsEnabled) {
    opened.metricsServer = await openMetricsPort(options, { metrics, health, onError });
  }
  const tracer = trace.getTracer('@vmobs/telemetry', version);
  const httpMetrics = httpMetricsOf(metrics);

  let tracedFetch: Fetch | undefined;
  let closing: Promise<void> | undefined;
  const close = (flushTimeoutMs: number) => {
    closing ??= closeParts(opened, flushTimeoutMs);
    return closing;
  };
  const reopenLogs = settings.logFile === '' ? undefined : logs.reopen;
  const telemetry: Telemetry = {
    logger,
    tracer,
    metrics,
    settings,
    health,
    metricsUrl: opened.metricsServer?.url,
    httpMetrics,
    nodeHttp: createNodeHttp({
      tracer,
      logger,
      metrics,
      httpMetrics,
      health,
      refuse: createHostGuard(settings.allowedHosts),
    }),
    get fetch() {
      // Client metrics are defined only when a client is created.
      tracedFetch ??= createTracedFetch({ tracer, metrics });
      return tracedFetch;
    },
    listen: (app, serveOptions) => serve({ health, logger, close }, app, serveOptions),
    run: createRun({ health, logger, close }, reopenLogs),
    reopenLogs,
    close: () => close(defaultFlushTimeoutMs),
  };
  return telemetry;
}

function createServiceHealth(
  { serviceName: service, serviceVersion: version }: TelemetrySettings,
  logger: Logger,
): Health {
  return createHealth({
    service,
    version,
    onCheckChanged(check, reason, err) {
      if (reason === undefined) logger.info({ check }, 'readiness check passes again');
      else logger.warn({ check, reason, ...(err !== undefined && { err }) }, 'readiness check does not pass');
    },
  });
}

function openMetricsPort(
  { settings, metricsPortSetting, metricsHostSetting, wrapMetrics = (handler) => handler }: StartOptions,
  parts: { readonly metrics: Catalogue; readonly health: Health; readonly onError: (error: Error) => void },
): Promise<MetricsServer> {
  const { metrics, health, onError } = parts;
  const handler = createMetricsHandler({
    sources: metrics.sources,
    onError,
    scrapeMetrics: defineScrapeMetrics(metrics),
  });
  return startMetricsServer({
    listen: {
      host: settings.metricsInterface,
      port: settings.metricsPort,
      portSetting: metricsPortSetting,
      hostSetting: metricsHostSetting,
    },
    metrics: wrapMetrics(handler),
    health,
    allowedHosts: settings.allowedHosts,
    onError,
  });
}

function readEnvironment(options: TelemetryOptions, prefixes: readonly string[]): TelemetrySettings {
  try {
    return readTelemetrySettings(options, { prefixes });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${options.name}: ${error.message}\n`);
    process.exit(error.exitStatus);
  }
}
