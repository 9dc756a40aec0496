import { spawnSync } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startTelemetry, type Telemetry } from './start-telemetry.ts';

/** Starts telemetry in a process of its own with these variables. */
function startWith(env: Record<string, string>, options = '') {
  const script = `
    import { readTelemetrySettings, startTelemetry } from ${JSON.stringify(import.meta.resolve('./index.ts'))};
    const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', envPrefix: 'SHOP', metricsPort: 0, ${options} });
    telemetry.logger.info('started');
    await telemetry.close();
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('invalid values end the process with status 2 and one message that lists them', () => {
  const { status, stdout, stderr } = startWith({
    SHOP_OTEL_SAMPLING_RATE: '2',
    SHOP_OTEL_PROMETHEUS_PORT: 'http',
    LOG_LEVEL: 'loud',
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toEqual([
    'shop: 3 settings cannot be used',
    '  SHOP_OTEL_SAMPLING_RATE="2": allowed is a number from 0 to 1',
    '  SHOP_OTEL_PROMETHEUS_PORT="http": allowed is a port from 0 to 65535',
    '  LOG_LEVEL="loud": allowed is one of trace, debug, info, warn, error, fatal, silent',
  ]);
});

test('a caller that reads the settings itself has them thrown instead', () => {
  const { status, stderr } = startWith(
    { LOG_LEVEL: 'loud' },
    "settings: readTelemetrySettings({ name: 'shop', version: '1.0.0' })",
  );
  expect(status).toBe(1);
  expect(stderr).toContain('ConfigurationError: LOG_LEVEL="loud"');
});

test('the environment decides on the name, the level and the standard variables', () => {
  const { status, stdout } = startWith({ OTEL_SERVICE_NAME: 'shop-prod', LOG_LEVEL: 'INFO' });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ service: 'shop-prod', level: 'info', msg: 'started' });
});

test('shared variables that cannot be used are warnings, whether traces are on or not', () => {
  const shared = {
    OTEL_TRACES_SAMPLER: 'jaeger_remote',
    OTEL_TRACES_EXPORTER: 'console,otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  };
  const { status, stdout, stderr } = startWith(shared);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'warn', variable: 'OTEL_TRACES_EXPORTER', value: 'console,otlp', instead: 'otlp' },
    { level: 'warn', variable: 'OTEL_TRACES_SAMPLER', value: 'jaeger_remote', instead: 'parentbased_traceidratio' },
    { level: 'warn', variable: 'OTEL_EXPORTER_OTLP_PROTOCOL', value: 'grpc', instead: 'http/json' },
    { level: 'info', msg: 'started' },
  ]);
  expect(startWith({ ...shared, SHOP_OTEL_ENABLED: 'false' }).status).toBe(0);
  expect(startWith({ ...shared, SHOP_OTEL_SAMPLING_RATE: 'all' }).status).toBe(2);
});

test('a metrics port that is taken is an error, and nothing is left open', async () => {
  const options = { name: 'shop', version: '1.0.0', envPrefix: ['SHOP', 'OLD_SHOP'] };
  const first = await startTelemetry({ ...options, metricsPort: 0 });
  const metricsPort = Number(new URL(first.metricsUrl ?? '').port);
  await expect(startTelemetry({ ...options, metricsPort })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${metricsPort}: it is in use already; ` +
      'choose another with SHOP_OTEL_PROMETHEUS_PORT or OLD_SHOP_OTEL_PROMETHEUS_PORT',
  );
  await first.close();
});

test('closed telemetry does not watch the process any more', async () => {
  const start = () => startTelemetry({ name: 'shop', version: '1.0.0', metricsPort: 0 });
  const [watching, closed] = [await start(), await start()];
  onTestFinished(watching.close);
  const readLongestLag = async ({ metrics }: Telemetry) => {
    const line = await metrics.registry.getSingleMetricAsString('nodejs_eventloop_lag_max_seconds');
    return Number(line.slice(line.lastIndexOf(' ')));
  };
  await closed.close();
  const atTheEnd = await readLongestLag(closed);
  // Until whoever watches has seen a stall that is longer than any before.
  while ((await readLongestLag(watching)) < atTheEnd + 0.2) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000 * atTheEnd + 300);
    await nextTurn();
  }
  expect(await readLongestLag(closed)).toBe(atTheEnd);
});
