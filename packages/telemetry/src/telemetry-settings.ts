import { kinds, readSettings, type SettingKind, type SettingValues, setting, settingGroup } from '@vmobs/settings';
import { hostNames } from './http/host-guard.ts';
import { logFormats } from './logs/pretty-format.ts';
import { samplers } from './traces/trace-settings.ts';

/** What the settings of telemetry start from; they differ by service. */
export interface TelemetryDefaults {
  /** Name of the service, for logs and traces. */
  readonly name: string;
  /** Version of the service. */
  readonly version: string;
  /** Port of `/metrics`, `/health` and `/ready`. @default 9464 */
  readonly metricsPort?: number;
}

const exporterWords = new Map([
  ['otlp', true],
  ['none', false],
]);

/** `true` or `false`, and the two values of `OTEL_TRACES_EXPORTER` that mean the same. */
const tracesSwitch: SettingKind<boolean> = {
  ...kinds.boolean,
  allowed: 'true or false; otlp or none',
  parse: (value) => exporterWords.get(value.toLowerCase()) ?? kinds.boolean.parse(value),
  // A list of exporters.
  usablePart: (value) =>
    value.split(',').some((exporter) => exporter.trim().toLowerCase() === 'otlp') ? true : undefined,
};

/** Whether traces are sent, and where to. */
const traceDestination = settingGroup('Traces', {
  tracesEnabled: setting({
    variables: ['_OTEL_ENABLED', 'OTEL_TRACES_EXPORTER'],
    flag: 'otel',
    kind: tracesSwitch,
    default: false,
    help: 'record traces and send them to the collector',
  }),
  sdkDisabled: setting({
    variables: ['OTEL_SDK_DISABLED'],
    kind: kinds.boolean,
    default: false,
    help: 'record no traces whatever else is set; their context is passed on',
  }),
  otlpEndpoint: setting({
    variables: ['_OTEL_ENDPOINT'],
    flag: 'otel-endpoint',
    kind: kinds.httpUrl,
    default: '',
    help: 'OTLP/HTTP collector; /v1/traces is added unless it is there',
  }),
  otlpTracesUrl: setting({
    variables: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
    kind: kinds.httpUrl,
    default: '',
    help: 'address for traces, taken as it is, where the collector is not set above',
  }),
  otlpBaseUrl: setting({
    variables: ['OTEL_EXPORTER_OTLP_ENDPOINT'],
    kind: kinds.httpUrl,
    default: 'http://localhost:4318/',
    help: 'collector where neither is set; /v1/traces is added',
  }),
});

/** As what the service is known in logs and traces. */
function serviceIdentity({ name, version }: TelemetryDefaults) {
  return settingGroup('Traces', {
    serviceName: setting({
      variables: ['_OTEL_SERVICE_NAME', 'OTEL_SERVICE_NAME'],
      kind: kinds.text,
      default: name,
      help: 'name of the service in logs and traces',
    }),
    serviceVersion: setting({
      variables: ['_OTEL_SERVICE_VERSION'],
      kind: kinds.text,
      default: version,
      help: 'version of the service in traces',
    }),
  });
}

/** Which traces are recorded. */
const traceSampling = settingGroup('Traces', {
  sampler: setting({
    variables: ['OTEL_TRACES_SAMPLER'],
    kind: kinds.oneOf(...samplers),
    default: 'parentbased_traceidratio',
    help: 'which traces are recorded; parentbased follows a caller that has decided',
  }),
  samplingRate: setting({
    variables: ['_OTEL_SAMPLING_RATE', 'OTEL_TRACES_SAMPLER_ARG'],
    kind: kinds.number({ min: 0, max: 1 }),
    default: 1,
    help: 'share of new traces that a traceidratio sampler records',
  }),
});

/** How spans wait for their export. */
const spanBatches = settingGroup('Traces', {
  spanQueueSize: setting({
    variables: ['OTEL_BSP_MAX_QUEUE_SIZE'],
    kind: kinds.integer({ min: 1, max: 1_000_000 }),
    default: 2_048,
    help: 'spans that wait for their export; those beyond it are dropped and counted',
  }),
  spanBatchSize: setting({
    variables: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'],
    kind: kinds.integer({ min: 1, max: 1_000_000 }),
    default: 512,
    help: 'most spans of one export; never more than wait',
  }),
  spanBatchDelayMs: setting({
    variables: ['OTEL_BSP_SCHEDULE_DELAY'],
    kind: kinds.integer({ min: 1, max: kinds.longestTimerMs }),
    default: 5_000,
    help: 'milliseconds that a span waits for more to share its export',
  }),
  spanExportTimeoutMs: setting({
    variables: ['OTEL_BSP_EXPORT_TIMEOUT'],
    kind: kinds.integer({ min: 1, max: kinds.longestTimerMs }),
    default: 30_000,
    help: 'milliseconds after which the next export starts beside one that hangs',
  }),
});

/** The port of `/metrics`, `/health` and `/ready`, and what it serves. */
function metricsServer({ metricsPort = 9464 }: TelemetryDefaults) {
  return settingGroup('Metrics', {
    metricsEnabled: setting({
      variables: ['_OTEL_PROMETHEUS_ENABLED'],
      kind: kinds.boolean,
      default: true,
      help: 'serve /metrics, /health and /ready on their own port',
    }),
    metricsPort: setting({
      variables: ['_OTEL_PROMETHEUS_PORT'],
      flag: 'metrics-port',
      kind: kinds.port,
      default: metricsPort,
      help: 'port of /metrics, /health and /ready',
    }),
    metricsInterface: setting({
      variables: ['_OTEL_PROMETHEUS_INTERFACE'],
      flag: 'metrics-interface',
      kind: kinds.text,
      default: '127.0.0.1',
      help: 'address that the metrics port listens on',
    }),
    highCardinality: setting({
      variables: ['_OTEL_HIGH_CARDINALITY_ENABLED'],
      kind: kinds.boolean,
      default: true,
      help: 'label series with ids, such as vm_id',
    }),
  });
}

/** Who may ask. */
const access = settingGroup('Access', {
  allowedHosts: setting({
    variables: ['_ALLOWED_HOSTS'],
    flag: 'allowed-hosts',
    kind: hostNames,
    default: [],
    help: 'more names in the Host header and the origin of pages; IP addresses and names without a dot are always allowed',
  }),
});

/** What is logged, in which form, and where to. */
const logOutput = settingGroup('Logs', {
  logLevel: setting({
    variables: ['LOG_LEVEL'],
    flag: 'log-level',
    kind: kinds.oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    help: 'least severe level that is logged',
  }),
  logFormat: setting({
    variables: ['LOG_FORMAT'],
    flag: 'log-format',
    kind: kinds.oneOf(...logFormats),
    default: 'auto',
    help: 'form of the log on standard output, auto: pretty on a terminal, else json; a file is always JSON',
  }),
  logFile: setting({
    variables: ['LOG_FILE'],
    kind: kinds.path(),
    default: '',
    help: 'file to log to besides standard output; SIGHUP reopens it',
  }),
  logFileMaxBytes: setting({
    variables: ['LOG_FILE_MAX_SIZE'],
    kind: kinds.byteSize,
    default: 10 * 1024 * 1024,
    help: 'size at which the log file becomes LOG_FILE.1 and a new one begins; 0 never',
  }),
  logFileKeep: setting({
    variables: ['LOG_FILE_KEEP'],
    kind: kinds.integer({ min: 1, max: 1_000 }),
    default: 5,
    help: 'how many such old log files are kept',
  }),
});

/**
 * The settings of telemetry: the variables of the guide's sections 3 and 6 under the service's own prefix, then the
 * standard `OTEL_*` variables.
 *
 * Not here, because the OpenTelemetry SDK reads them itself and ignores a value that it cannot use:
 * `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`, `_COMPRESSION`, `_CERTIFICATE`, `_CLIENT_KEY`, `_CLIENT_CERTIFICATE` (each also
 * as `OTEL_EXPORTER_OTLP_TRACES_*`), `OTEL_RESOURCE_ATTRIBUTES` and the limits `OTEL_SPAN_*_LIMIT`, `OTEL_ATTRIBUTE_*_LIMIT`.
 * Not read at all: `OTEL_PROPAGATORS` (W3C trace context and baggage) and `OTEL_EXPORTER_OTLP_PROTOCOL` (`http/json`).
 */
export function telemetrySettings(defaults: TelemetryDefaults) {
  return {
    ...traceDestination,
    ...serviceIdentity(defaults),
    ...traceSampling,
    ...spanBatches,
    ...metricsServer(defaults),
    ...access,
    ...logOutput,
  };
}

/** Values of the settings of telemetry. */
export type TelemetrySettings = SettingValues<ReturnType<typeof telemetrySettings>>;

/**
 * Reads the settings of telemetry as `startTelemetry` does, for a service that has a use for them before it starts.
 *
 * @param prefixes of the environment variables, first set wins
 * @throws ConfigurationError that lists all values that are not allowed, not only the first.
 */
export function readTelemetrySettings(
  defaults: TelemetryDefaults,
  {
    env = process.env,
    prefixes = [],
  }: { readonly env?: NodeJS.ProcessEnv; readonly prefixes?: readonly string[] } = {},
): TelemetrySettings {
  return readSettings(telemetrySettings(defaults), { env, prefixes });
}
