import { eventually } from '@vmobs/testing';
import { expect, test } from 'vitest';
import { type FaultyCollector, openCollector } from './faulty-collector.ts';
import { startTracedService } from './traced-service.ts';

/** The first export that a service with these variables sends. */
async function firstExport(collector: FaultyCollector, env: Readonly<Record<string, string>>) {
  const service = await startTracedService(env);
  service.endSpans(1);
  await eventually(
    () => collector.exports.length,
    (count) => count === 1,
  );
  return collector.exports[0];
}

test.for([
  ['SHOP_OTEL_ENDPOINT', '127.0.0.1', '/v1/traces'],
  ['SHOP_OTEL_ENDPOINT', 'http://127.0.0.1', '/v1/traces'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1', '/v1/traces'],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://127.0.0.1', '/'],
] as const)('with %s=%s:port spans are posted to %s', async ([variable, host, path]) => {
  const collector = await openCollector();
  expect(await firstExport(collector, { [variable]: `${host}:${collector.port}` })).toMatchObject({ path, spans: 1 });
});

test('headers and compression are those of the standard variables', async () => {
  const collector = await openCollector();
  const received = await firstExport(collector, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=acme,x-key=4711',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  });
  expect(received?.headers).toMatchObject({ 'x-tenant': 'acme', 'x-key': '4711', 'content-encoding': 'gzip' });
});

test.for([
  ['OTEL_SDK_DISABLED', 'true'],
  ['OTEL_TRACES_SAMPLER', 'always_off'],
  ['OTEL_TRACES_SAMPLER_ARG', '0'],
] as const)('with %s=%s nothing is recorded', async ([variable, value]) => {
  const collector = await openCollector();
  const service = await startTracedService({ SHOP_OTEL_ENDPOINT: `127.0.0.1:${collector.port}`, [variable]: value });
  expect(service.telemetry.tracer.startSpan('work').isRecording()).toBe(false);
  service.endSpans(3);
  await service.telemetry.close();
  expect(collector.exports).toEqual([]);
});

test('traces can be switched on by the standard variable alone', async () => {
  const collector = await openCollector();
  const received = await firstExport(collector, {
    SHOP_OTEL_ENABLED: '',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
  });
  expect(received).toMatchObject({ spans: 1 });
});
