import { pino } from 'pino';
import { expect, test } from 'vitest';
import { logEnvironment } from './environment-notes.ts';
import { readTelemetrySettings } from './telemetry-settings.ts';

/** The lines about an environment: level, message. */
function notesOf(env: Record<string, string>, prefixes: readonly string[] = ['SHOP']): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [];
  const output = {
    write(line: string) {
      const { level, msg } = JSON.parse(line);
      lines.push([pino.levels.labels[level] ?? '', msg]);
    },
  };
  const settings = readTelemetrySettings({ name: 'shop', version: '1.0.0' }, { env, prefixes });
  logEnvironment(pino({}, output), settings, { env, prefixes });
  return lines;
}

test.for([
  ['OTEL_TRACES_SAMPLER', 'jaeger_remote', 'parentbased_traceidratio'],
  ['OTEL_TRACES_SAMPLER_ARG', 'endpoint=http://jaeger', '1'],
  ['OTEL_TRACES_EXPORTER', 'console,otlp', 'otlp'],
  ['OTEL_TRACES_EXPORTER', 'zipkin', 'none'],
  ['OTEL_BSP_MAX_QUEUE_SIZE', '0', '2048'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://c:4317', 'http://localhost:4318/'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'http/json'],
  ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'http/protobuf', 'http/json'],
  ['OTEL_PROPAGATORS', 'b3,jaeger', 'tracecontext,baggage'],
] as const)('a warning says that %s=%s cannot be used and what holds instead', ([variable, value, instead]) => {
  const warnings = notesOf({ [variable]: value }).filter(([level]) => level === 'warn');
  expect(warnings).toEqual([['warn', `${variable}="${value}" cannot be used here; ${instead} holds`]]);
});

test('variables that can be used are not mentioned, nor those that an own one replaces', () => {
  expect(
    notesOf({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_TRACES_SAMPLER: 'always_on',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_PROPAGATORS: 'tracecontext, baggage',
      OTEL_SERVICE_NAME: 'any',
      OTEL_BSP_SCHEDULE_DELAY: '',
      SHOP_OTEL_SAMPLING_RATE: '0.5',
      OTEL_TRACES_SAMPLER_ARG: 'endpoint=http://jaeger',
    }),
  ).toEqual([]);
});

test.for([
  ['SHOP_OTEL_ENABLE', 'SHOP_OTEL_ENABLED'],
  ['SHOP_OTEL_PROMETEUS_PORT', 'SHOP_OTEL_PROMETHEUS_PORT'],
  ['SHOP_OTEL_ENDPIONT', 'SHOP_OTEL_ENDPOINT'],
] as const)('%s is noticed as nearly %s', ([variable, nearest]) => {
  const line = `${variable} is not a variable of this service; is it ${nearest}?`;
  expect(notesOf({ [variable]: 'x' })).toEqual([['warn', line]]);
});

test('variables that are near to none, or are of others, are not mentioned', () => {
  expect(notesOf({ SHOP_OTEL_COLOUR: 'x', MARKET_OTEL_ENABLE: 'x', SHOP_PORT: '1' })).toEqual([]);
});

test('a collector that gets nothing, because traces are off, is mentioned', () => {
  const off = 'OTEL_EXPORTER_OTLP_ENDPOINT is set, but traces are off; SHOP_OTEL_ENABLED=true sends them';
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
  expect(notesOf(env)).toEqual([['info', off]]);
  expect(notesOf({ ...env, SHOP_OTEL_ENABLED: 'true' })).toEqual([]);
  expect(notesOf({ ...env, OTEL_SDK_DISABLED: 'true' })).toEqual([]);
});
