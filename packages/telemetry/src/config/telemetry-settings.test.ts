import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';
import { type TelemetrySettings, telemetrySettings } from './telemetry-settings.ts';

const table = telemetrySettings({ name: 'billaged', version: '1.2.3' });

function settingsFrom(env: Record<string, string>): TelemetrySettings {
  return readSettings(table, { env, prefixes: ['UNKEY_BILLAGED', 'BILLAGED'] });
}

test('without any variable traces are off, metrics are on and logs are JSON', () => {
  expect(settingsFrom({})).toEqual({
    tracesEnabled: false,
    otlpEndpoint: 'http://localhost:4318/',
    serviceName: 'billaged',
    serviceVersion: '1.2.3',
    samplingRate: 1,
    metricsEnabled: true,
    metricsPort: 9464,
    metricsInterface: '127.0.0.1',
    highCardinality: true,
    logLevel: 'info',
    logFormat: 'json',
    logFile: '',
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
    LOG_LEVEL: 'debug',
    LOG_FORMAT: 'pretty',
    LOG_FILE: '/var/log/billaged/billaged.log',
  });
  expect(settings).toEqual({
    tracesEnabled: true,
    otlpEndpoint: 'http://collector:4318/',
    serviceName: 'billing',
    serviceVersion: '2.0.0',
    samplingRate: 0.1,
    metricsEnabled: false,
    metricsPort: 9465,
    metricsInterface: '0.0.0.0',
    highCardinality: false,
    logLevel: 'debug',
    logFormat: 'pretty',
    logFile: '/var/log/billaged/billaged.log',
  });
});

test('the standard OpenTelemetry variables are the fallback', () => {
  const standard = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://standard:4318',
    OTEL_SERVICE_NAME: 'standard',
    OTEL_TRACES_SAMPLER_ARG: '0.5',
  };
  expect(settingsFrom(standard)).toMatchObject({
    otlpEndpoint: 'http://standard:4318/',
    serviceName: 'standard',
    samplingRate: 0.5,
  });
  expect(settingsFrom({ ...standard, BILLAGED_OTEL_SERVICE_NAME: 'ours' }).serviceName).toBe('ours');
  expect(
    settingsFrom({ ...standard, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:4318/v1/traces' }).otlpEndpoint,
  ).toBe('http://traces:4318/v1/traces');
});

test.for([
  ['BILLAGED_OTEL_SAMPLING_RATE', '1.5', 'a number from 0 to 1'],
  ['BILLAGED_OTEL_ENDPOINT', 'grpc://collector:4317', 'host:port or an http(s) URL'],
  ['LOG_LEVEL', 'verbose', 'one of trace, debug, info, warn, error, fatal, silent'],
] as const)('%s=%s is refused', ([name, value, allowed]) => {
  expect(() => settingsFrom({ [name]: value })).toThrow(`${name}="${value}": allowed is ${allowed}`);
});

test('a service has a metrics port of its own', () => {
  const own = telemetrySettings({ name: 'billaged', version: '1.2.3', metricsPort: 9465 });
  expect(readSettings(own, { env: {}, prefixes: [] }).metricsPort).toBe(9465);
});
