import { type Attributes, type Tracer, trace } from '@opentelemetry/api';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { DestinationStream } from 'pino';
import { ConfigurationError } from './config/configuration-error.ts';
import { readSettings } from './config/settings.ts';
import { type TelemetrySettings, telemetrySettings } from './config/telemetry-settings.ts';
import { createMetricsHandler } from './exposition/handler.ts';
import { createFastifyPlugin, type FastifyTelemetryPlugin } from './fastify/plugin.ts';
import { createHealth, type Health } from './http/health.ts';
import { type MetricsServer, startMetricsServer } from './http/metrics-server.ts';
import { runUntilSignal } from './lifecycle/run-until-signal.ts';
import { type RunningService, type ServeOptions, serve } from './lifecycle/serve.ts';
import { createLogs, type Logger } from './logs/logger.ts';
import { type Catalogue, createCatalogue } from './metrics/catalogue.ts';
import { defineProcessMetrics } from './metrics/process-metrics.ts';
import { startTracing } from './traces/sdk.ts';

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
}

/** Metrics, traces, logs, health and the lifecycle of one service. */
export interface Telemetry {
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly metrics: Catalogue;
  readonly health: Health;
  /** Address of the metrics port; `undefined` when it is switched off. */
  readonly metricsUrl: string | undefined;
  /** Plugin with a span, metrics and a log line for each request, and the routes `/health` and `/ready`. */
  readonly fastify: FastifyTelemetryPlugin;
  /** Options for `Fastify()`: our logger, and Fastify's own request lines off, since the plugin writes one. */
  readonly fastifyOptions: FastifyServerOptions;
  /** Opens the port of an application and declares it ready. */
  listen(app: FastifyInstance, options: ServeOptions): Promise<RunningService>;
  /** The same, and stays until a signal ends it in order. @returns the exit status */
  run(app: FastifyInstance, options: ServeOptions): Promise<number>;
  /** Opens log files anew. */
  reopenLogs(): void;
  /** Flushes spans for at most 3 s, closes the metrics port, flushes logs. */
  close(): Promise<void>;
}

/**
 * Starts the telemetry of a service from its environment.
 *
 * @example
 * const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', envPrefix: 'SHOP' });
 * const app = Fastify(telemetry.fastifyOptions);
 * await app.register(telemetry.fastify);
 * process.exitCode = await telemetry.run(app, { port: 8080 });
 *
 * @throws ConfigurationError that lists every variable with a value that is not allowed, unless that ends the process.
 * @throws ListenError when the metrics port is taken.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { envPrefix = [], resourceAttributes = {}, logOutput } = options;
  const prefixes = typeof envPrefix === 'string' ? [envPrefix] : envPrefix;
  const settings = options.settings ?? readEnvironment(options, prefixes);
  const { serviceName: service, serviceVersion: version } = settings;

  const logs = createLogs({
    service,
    level: settings.logLevel,
    format: settings.logFormat,
    file: settings.logFile,
    ...(logOutput && { output: logOutput }),
  });
  const { logger } = logs;
  const onError = (error: Error) => logger.error({ err: error }, error.message);
  const metrics = createCatalogue();
  defineProcessMetrics(metrics);
  const health = createHealth({ service, version });
  const tracing = await startTracing({
    enabled: settings.tracesEnabled,
    endpoint: settings.otlpEndpoint,
    samplingRate: settings.samplingRate,
    serviceName: service,
    serviceVersion: version,
    resourceAttributes,
  });
  const openMetricsPort = () =>
    startMetricsServer({
      listen: {
        host: settings.metricsInterface,
        port: settings.metricsPort,
        portSetting:
          options.metricsPortSetting ?? prefixes.map((prefix) => `${prefix}_OTEL_PROMETHEUS_PORT`).join(' or '),
      },
      metrics: createMetricsHandler({ sources: metrics.sources, onError }),
      health,
      onError,
    });
  let metricsServer: MetricsServer | undefined;
  try {
    if (settings.metricsEnabled) metricsServer = await openMetricsPort();
  } catch (error) {
    await tracing.close(flushTimeoutMs);
    logs.close();
    throw error;
  }
  const tracer = trace.getTracer('@vmobs/telemetry', version);

  let closing: Promise<void> | undefined;
  const close = async () => {
    const loss = await tracing.close(flushTimeoutMs);
    if (loss !== undefined) logger.warn({ reason: loss }, 'spans that were not yet exported are lost');
    await metricsServer?.close();
    logs.close();
  };

  const telemetry: Telemetry = {
    logger,
    tracer,
    metrics,
    health,
    metricsUrl: metricsServer?.url,
    fastify: createFastifyPlugin({ tracer, metrics, health }),
    fastifyOptions: {
      loggerInstance: logger,
      logController: new LogController({ disableRequestLogging: true }),
      frameworkErrors: reportUnroutable,
    },
    listen: (app, serveOptions) => serve(telemetry, app, serveOptions),
    async run(app, serveOptions) {
      const service = await serve(telemetry, app, serveOptions);
      return runUntilSignal({ close: service.close, reopenLogs: logs.reopen, logger });
    },
    reopenLogs: logs.reopen,
    close() {
      closing ??= close();
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

/** Logs a request that reached no route and no hook, such as one with a malformed URL, and answers it. */
function reportUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  request.log.warn({ error: error.message }, 'http request could not be routed');
  void reply.code(error.statusCode ?? 400).send(error);
}
