import { isatty } from 'node:tty';
import { type Attributes, type Tracer, trace } from '@opentelemetry/api';
import { type FastifyServerOptions, LogController } from 'fastify';
import type { DestinationStream } from 'pino';
import { ConfigurationError } from './config/configuration-error.ts';
import { readSettings } from './config/settings.ts';
import { type TelemetrySettings, telemetrySettings } from './config/telemetry-settings.ts';
import { createMetricsHandler, type MetricsHandler } from './exposition/handler.ts';
import { defineScrapeMetrics } from './exposition/scrape-metrics.ts';
import { createFastifyPlugin, type FastifyTelemetryPlugin } from './fastify/plugin.ts';
import { createUnroutableReporter } from './fastify/report-unroutable.ts';
import { createTracedFetch, type Fetch } from './fetch/traced-fetch.ts';
import { createHealth, type Health } from './http/health.ts';
import { type MetricsServer, startMetricsServer } from './http/metrics-server.ts';
import { runUntilSignal } from './lifecycle/run-until-signal.ts';
import type { Servable } from './lifecycle/servable.ts';
import { type RunningService, type ServeOptions, serve } from './lifecycle/serve.ts';
import { logFileOf } from './logs/log-file.ts';
import { createLogs, type Logger, type Logs } from './logs/logger.ts';
import { loadPrettyFormat } from './logs/pretty-format.ts';
import { type Catalogue, createCatalogue } from './metrics/catalogue.ts';
import { defineProcessMetrics, type ProcessMetrics } from './metrics/process-metrics.ts';
import { createNodeHttp, type NodeHttp } from './node-http/node-http.ts';
import { httpMetricsOf } from './requests/http-metrics.ts';
import { startTracing, type Tracing } from './traces/sdk.ts';
import { tracesUrlOf } from './traces/traces-url.ts';

/** How long spans may take to leave at the end: long enough for a slow collector, short enough for one that is down. */
const flushTimeoutMs = 3_000;

/** Options of `startTelemetry`. */
export interface TelemetryOptions {
  /** Name of the service, unless the environment says otherwise. */
  readonly name: string;
  /** Version of the service. */
  readonly version: string;
  /** Prefix of its environment variables, or several of which the first that is set wins. @default [] */
  readonly envPrefix?: string | readonly string[];
  /** Port of `/metrics`, `/health` and `/ready`; 0 takes a free one. @default 9464 */
  readonly metricsPort?: number;
  /** What a user changes when the metrics port is taken, for the error. @default its variables */
  readonly metricsPortSetting?: string;
  /**
   * Whether a value in the environment that is not allowed ends the process with status 2 and one message that lists all of
   * them; otherwise it is thrown. @default true
   */
  readonly exitOnBadSettings?: boolean;
  /** Settings that were read already, instead of the environment. */
  readonly settings?: TelemetrySettings;
  /** Attributes of the resource that every span belongs to. */
  readonly resourceAttributes?: Attributes;
  /** Where log lines go instead of standard output. */
  readonly logOutput?: DestinationStream;
  /** Is put around what answers `/metrics`, for whoever has something to do before or instead of it. */
  readonly aroundMetrics?: (handler: MetricsHandler) => MetricsHandler;
}

/** Metrics, traces, logs, health and the lifecycle of one service. */
export interface Telemetry {
  /** JSON lines with the ids of the active span; secrets are redacted. */
  readonly logger: Logger;
  /** Makes spans; they are exported when traces are on. */
  readonly tracer: Tracer;
  /** The metrics on the page, those of the process among them. */
  readonly metrics: Catalogue;
  /** What `/health` and `/ready` answer. */
  readonly health: Health;
  /** Address of the metrics port; `undefined` when it is switched off. */
  readonly metricsUrl: string | undefined;
  /** Plugin with a span, metrics and a log line for each request, and the routes `/health` and `/ready`. */
  readonly fastify: FastifyTelemetryPlugin;
  /**
   * Gives a handler of `node:http`, or the one that `connectNodeAdapter` makes, what the Fastify plugin gives an application:
   * `createServer(telemetry.nodeHttp(handler))`.
   */
  readonly nodeHttp: NodeHttp;
  /** `fetch` with a client span, context for the server, and a duration for each call. */
  readonly fetch: Fetch;
  /** Options for `Fastify()`: our logger, and Fastify's own request lines off, since the plugin writes one. */
  readonly fastifyOptions: FastifyServerOptions;
  /** Opens the port of a Fastify application or a server of `node:http` and declares the service ready. */
  listen(app: Servable, options: ServeOptions): Promise<RunningService>;
  /** The same, and stays until a signal ends it in order. @returns the exit status */
  run(app: Servable, options: ServeOptions): Promise<number>;
  /** Opens log files anew. */
  reopenLogs(): void;
  /** Flushes spans for at most 3 s, closes the metrics port, flushes logs. */
  close(): Promise<void>;
}

/**
 * Starts the telemetry of a service from its environment.
 *
 * @example
 * ```ts
 * import { startTelemetry } from '@vmobs/telemetry';
 * import Fastify from 'fastify';
 *
 * const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', envPrefix: 'SHOP' });
 * const app = Fastify(telemetry.fastifyOptions);
 * await app.register(telemetry.fastify);
 * process.exit(await telemetry.run(app, { port: Number(process.env['SHOP_PORT'] ?? 8080) }));
 * ```
 *
 * @throws ConfigurationError that lists every variable with a value that is not allowed, unless that ends the process.
 * @throws ListenError when the metrics port is taken.
 * @throws LogFileError when the log file cannot be opened.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { envPrefix = [] } = options;
  const prefixes = typeof envPrefix === 'string' ? [envPrefix] : envPrefix;
  const settings = options.settings ?? readEnvironment(options, prefixes);
  const metrics = createCatalogue();
  const opened: OpenedParts = { processMetrics: defineProcessMetrics(metrics) };
  try {
    return await startParts({ options, prefixes, settings, metrics, opened });
  } catch (error) {
    await closeParts(opened);
    throw error;
  }
}

/** What is to be closed, as far as it is open. */
interface OpenedParts {
  readonly processMetrics: ProcessMetrics;
  logs?: Logs;
  tracing?: Tracing;
  metricsServer?: MetricsServer;
}

/** The log can take a line about the spans, and `/metrics` can be read, until these have left. */
async function closeParts({ processMetrics, logs, tracing, metricsServer }: OpenedParts): Promise<void> {
  const loss = await tracing?.close(flushTimeoutMs);
  if (loss !== undefined) {
    logs?.logger.warn({ lost_spans: loss.spans, reason: loss.reason }, 'spans that were not yet exported are lost');
  }
  await metricsServer?.close();
  logs?.close();
  processMetrics.close();
}

interface PartsOptions {
  readonly options: TelemetryOptions;
  readonly prefixes: readonly string[];
  readonly settings: TelemetrySettings;
  readonly metrics: Catalogue;
  /** Gets what is opened. */
  readonly opened: OpenedParts;
}

async function startParts({ options, prefixes, settings, metrics, opened }: PartsOptions): Promise<Telemetry> {
  const { resourceAttributes = {}, logOutput, aroundMetrics = (handler) => handler } = options;
  const { serviceName: service, serviceVersion: version } = settings;
  const logs = createLogs({
    service,
    level: settings.logLevel,
    prettify: await loadPrettyFormat(settings.logFormat, logOutput === undefined && isatty(1)),
    file: logFileOf(settings),
    output: logOutput,
    metrics,
  });
  opened.logs = logs;
  const { logger } = logs;
  const onError = (error: Error) => logger.error({ err: error }, error.message);
  const health = createHealth({
    service,
    version,
    onCheckChanged(check, reason, err) {
      if (reason === undefined) logger.info({ check }, 'readiness check passes again');
      else logger.warn({ check, reason, ...(err !== undefined && { err }) }, 'readiness check does not pass');
    },
  });
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
    resourceAttributes,
    metrics,
    logger,
  });
  const namesOf = (variable: string) => prefixes.map((prefix) => prefix + variable).join(' or ');
  if (settings.metricsEnabled) {
    opened.metricsServer = await startMetricsServer({
      listen: {
        host: settings.metricsInterface,
        port: settings.metricsPort,
        portSetting: options.metricsPortSetting ?? (namesOf('_OTEL_PROMETHEUS_PORT') || 'the option metricsPort'),
        hostSetting: namesOf('_OTEL_PROMETHEUS_INTERFACE'),
      },
      metrics: aroundMetrics(
        createMetricsHandler({ sources: metrics.sources, onError, scrapeMetrics: defineScrapeMetrics(metrics) }),
      ),
      health,
      onError,
    });
  }
  const tracer = trace.getTracer('@vmobs/telemetry', version);
  const httpMetrics = httpMetricsOf(metrics);

  let tracedFetch: Fetch | undefined;
  let closing: Promise<void> | undefined;
  const telemetry: Telemetry = {
    logger,
    tracer,
    metrics,
    health,
    metricsUrl: opened.metricsServer?.url,
    fastify: createFastifyPlugin({ tracer, metrics, httpMetrics, health }),
    nodeHttp: createNodeHttp({ tracer, logger, metrics, httpMetrics, health }),
    get fetch() {
      // Who calls nobody has no metric of calls.
      tracedFetch ??= createTracedFetch({ tracer, metrics });
      return tracedFetch;
    },
    fastifyOptions: {
      loggerInstance: logger,
      logController: new LogController({ disableRequestLogging: true }),
      frameworkErrors: createUnroutableReporter(httpMetrics),
    },
    listen: (app, serveOptions) => serve(telemetry, app, serveOptions),
    async run(app, serveOptions) {
      const service = await serve(telemetry, app, serveOptions);
      return runUntilSignal({ close: service.close, reopenLogs: logs.reopen, logger });
    },
    reopenLogs: logs.reopen,
    close() {
      closing ??= closeParts(opened);
      return closing;
    },
  };
  return telemetry;
}

function readEnvironment(options: TelemetryOptions, prefixes: readonly string[]): TelemetrySettings {
  try {
    return readSettings(telemetrySettings(options), { env: process.env, prefixes });
  } catch (error) {
    if (!(error instanceof ConfigurationError) || options.exitOnBadSettings === false) throw error;
    process.stderr.write(`${options.name}: ${error.message}\n`);
    process.exit(error.exitStatus);
  }
}
