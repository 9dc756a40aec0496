import { readSettings } from '@vmobs/settings';
import { expect, test } from 'vitest';
import { type TelemetrySettings, telemetrySettings } from './telemetry-settings.ts';

const table = telemetrySettings({ name: 'billaged', version: '1.2.3' });

function settingsFrom(env: Record<string, string>): TelemetrySettings {
  return readSettings(table, { env, prefixes: ['UNKEY_BILLAGED', 'BILLAGED'] });
}

test('by default traces are off, metrics on, and logs JSON except on a terminal', () => {
  expect(settingsFrom({})).toEqual({
    tracesEnabled: false,
    sdkDisabled: false,
    otlpEndpoint: '',
    otlpTracesUrl: '',
    otlpBaseUrl: 'http://localhost:4318/',
    serviceName: 'billaged',
    serviceVersion: '1.2.3',
    sampler: 'parentbased_traceidratio',
    samplingRate: 1,
    spanQueueSize: 2_048,
    spanBatchSize: 512,
    spanBatchDelayMs: 5_000,
    spanExportTimeoutMs: 30_000,
    metricsEnabled: true,
    metricsPort: 9464,
    metricsInterface: '127.0.0.1',
    highCardinality: true,
    allowedHosts: [],
    logLevel: 'info',
    logFormat: 'auto',
    logFile: '',
    logFileMaxBytes: 10 * 1024 * 1024,
    logFileKeep: 5,
  });
});

test('every variable of the guide is read under the prefix of the service', () => {
  const settings = settingsFrom({
    UNKEY_BILLAGED_OTEL_ENABLED: 'true',
    UNKEY_BILLAGED_OTEL_ENDPOINT: 'collector:4318',
    UNKEY_BILLAGED_OTEL_SERVICE_NAME: 'billing',
    UNKEY_BILLAGED_OTEL_SERVICE_VERSION: '2.0.0',
    UNKEY_BILLAGED_OTEL_SAMPLING_RATE: '0.1',
    UNKEY_BILLAGED_OTEL_PROMETHEUS_ENABLED: 'false',
    UNKEY_BILLAGED_OTEL_PROMETHEUS_PORT: '9465',
    UNKEY_BILLAGED_OTEL_PROMETHEUS_INTERFACE: '0.0.0.0',
    UNKEY_BILLAGED_OTEL_HIGH_CARDINALITY_ENABLED: 'false',
    UNKEY_BILLAGED_ALLOWED_HOSTS: 'billing.example.com,.internal.example',
    LOG_LEVEL: 'debug',
    LOG_FORMAT: 'pretty',
    LOG_FILE: '/var/log/billaged/billaged.log',
    LOG_FILE_MAX_SIZE: '64k',
    LOG_FILE_KEEP: '3',
  });
  expect(settings).toMatchObject({
    tracesEnabled: true,
    otlpEndpoint: 'http://collector:4318/',
    serviceName: 'billing',
    serviceVersion: '2.0.0',
    samplingRate: 0.1,
    metricsEnabled: false,
    metricsPort: 9465,
    metricsInterface: '0.0.0.0',
    highCardinality: false,
    allowedHosts: ['billing.example.com', '.internal.example'],
    logLevel: 'debug',
    logFormat: 'pretty',
    logFile: '/var/log/billaged/billaged.log',
    logFileMaxBytes: 65_536,
    logFileKeep: 3,
  });
});

test('the standard OpenTelemetry variables are the fallback', () => {
  const standard = {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_SDK_DISABLED: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://standard:4318',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'traces:4318/in',
    OTEL_SERVICE_NAME: 'standard',
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_TRACES_SAMPLER_ARG: '0.5',
    OTEL_BSP_MAX_QUEUE_SIZE: '100',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_BSP_EXPORT_TIMEOUT: '1000',
  };
  expect(settingsFrom(standard)).toMatchObject({
    tracesEnabled: true,
    sdkDisabled: true,
    otlpEndpoint: '',
    otlpTracesUrl: 'http://traces:4318/in',
    otlpBaseUrl: 'http://standard:4318/',
    serviceName: 'standard',
    sampler: 'always_on',
    samplingRate: 0.5,
    spanQueueSize: 100,
    spanBatchSize: 10,
    spanBatchDelayMs: 50,
    spanExportTimeoutMs: 1_000,
  });
  const own = {
    BILLAGED_OTEL_SERVICE_NAME: 'ours',
    BILLAGED_OTEL_ENABLED: 'false',
    BILLAGED_OTEL_SAMPLING_RATE: '0.1',
  };
  expect(settingsFrom({ ...standard, ...own })).toMatchObject({
    serviceName: 'ours',
    tracesEnabled: false,
    samplingRate: 0.1,
  });
});

test('without an exporter, traces are off', () => {
  expect(settingsFrom({ OTEL_TRACES_EXPORTER: 'none' }).tracesEnabled).toBe(false);
});

test.for([
  ['BILLAGED_OTEL_SAMPLING_RATE', '1.5', 'a number from 0 to 1'],
  ['BILLAGED_OTEL_ENDPOINT', 'grpc://collector:4317', 'host:port or an http(s) URL'],
  ['LOG_LEVEL', 'verbose', 'one of trace, debug, info, warn, error, fatal, silent'],
] as const)('%s=%s is refused', ([name, value, allowed]) => {
  expect(() => settingsFrom({ [name]: value })).toThrow(`${name}="${value}": allowed is ${allowed}`);
});

test.for([
  [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, { sampler: 'parentbased_traceidratio' }],
  [{ OTEL_TRACES_SAMPLER_ARG: 'endpoint=http://jaeger:14250' }, { samplingRate: 1 }],
  [{ OTEL_TRACES_EXPORTER: 'console,otlp' }, { tracesEnabled: true }],
  [{ OTEL_TRACES_EXPORTER: 'console, OTLP' }, { tracesEnabled: true }],
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, { tracesEnabled: false }],
  [{ OTEL_SDK_DISABLED: 'yes' }, { sdkDisabled: false }],
  [{ OTEL_BSP_MAX_QUEUE_SIZE: '0' }, { spanQueueSize: 2_048 }],
  [{ OTEL_BSP_SCHEDULE_DELAY: '5s' }, { spanBatchDelayMs: 5_000 }],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://collector:4317' }, { otlpBaseUrl: 'http://localhost:4318/' }],
] as const)('the shared variable in %j, which cannot be used, does not stop the service', ([env, settings]) => {
  expect(settingsFrom(env)).toMatchObject(settings);
});

test('a service has a metrics port of its own', () => {
  const own = telemetrySettings({ name: 'billaged', version: '1.2.3', metricsPort: 9465 });
  expect(readSettings(own, { env: {}, prefixes: [] }).metricsPort).toBe(9465);
});
