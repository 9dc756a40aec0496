import { boolean, httpUrl, number, oneOf, port, text } from './kinds.ts';
import { type SettingValues, setting } from './settings.ts';

/** What the settings of telemetry start from; they differ by service. */
export interface TelemetryDefaults {
  /** Name of the service, for logs and traces. */
  readonly name: string;
  /** Version of the service. */
  readonly version: string;
  /** Port of `/metrics`, `/health` and `/ready`. @default 9464 */
  readonly metricsPort?: number;
}

/**
 * The settings of telemetry: the variables of the guide's sections 3 and 6 under the service's own prefix, then the
 * standard `OTEL_*` variables.
 */
export function telemetrySettings({ name, version, metricsPort = 9464 }: TelemetryDefaults) {
  return {
    tracesEnabled: setting({
      variables: ['_OTEL_ENABLED'],
      flag: 'otel',
      kind: boolean,
      default: false,
      help: 'record traces and send them to the collector',
    }),
    otlpEndpoint: setting({
      variables: ['_OTEL_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
      flag: 'otel-endpoint',
      kind: httpUrl,
      default: 'http://localhost:4318/',
      help: 'OTLP/HTTP collector',
    }),
    serviceName: setting({
      variables: ['_OTEL_SERVICE_NAME', 'OTEL_SERVICE_NAME'],
      kind: text,
      default: name,
      help: 'name of the service in logs and traces',
    }),
    serviceVersion: setting({
      variables: ['_OTEL_SERVICE_VERSION'],
      kind: text,
      default: version,
      help: 'version of the service in traces',
    }),
    samplingRate: setting({
      variables: ['_OTEL_SAMPLING_RATE', 'OTEL_TRACES_SAMPLER_ARG'],
      kind: number({ min: 0, max: 1 }),
      default: 1,
      help: 'share of new traces that are recorded; a caller that has decided is followed',
    }),
    metricsEnabled: setting({
      variables: ['_OTEL_PROMETHEUS_ENABLED'],
      kind: boolean,
      default: true,
      help: 'serve /metrics, /health and /ready on their own port',
    }),
    metricsPort: setting({
      variables: ['_OTEL_PROMETHEUS_PORT'],
      flag: 'metrics-port',
      kind: port,
      default: metricsPort,
      help: 'port of /metrics, /health and /ready',
    }),
    metricsInterface: setting({
      variables: ['_OTEL_PROMETHEUS_INTERFACE'],
      flag: 'metrics-interface',
      kind: text,
      default: '127.0.0.1',
      help: 'address that the metrics port listens on',
    }),
    highCardinality: setting({
      variables: ['_OTEL_HIGH_CARDINALITY_ENABLED'],
      kind: boolean,
      default: true,
      help: 'label series with ids, such as vm_id',
    }),
    logLevel: setting({
      variables: ['LOG_LEVEL'],
      flag: 'log-level',
      kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
      default: 'info',
      help: 'least severe level that is logged',
    }),
    logFormat: setting({
      variables: ['LOG_FORMAT'],
      flag: 'log-format',
      kind: oneOf('json', 'pretty'),
      default: 'json',
      help: 'form of the log on standard output; a file is always JSON',
    }),
    logFile: setting({
      variables: ['LOG_FILE'],
      kind: text,
      default: '',
      help: 'file to log to besides standard output; SIGHUP opens it anew',
    }),
  };
}

/** Values of the settings of telemetry. */
export type TelemetrySettings = SettingValues<ReturnType<typeof telemetrySettings>>;
