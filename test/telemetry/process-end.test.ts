import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { openCollector } from './faulty-collector.ts';

const service = `
  import { startTelemetry } from ${JSON.stringify(import.meta.resolve('@vmobs/telemetry'))};
  const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', envPrefix: 'SHOP', metricsPort: 0 });
  telemetry.tracer.startSpan('work').end();
  await telemetry.close();
`;

test('a process whose collector hangs ends by itself once telemetry is closed', async () => {
  const collector = await openCollector();
  collector.answer = () => undefined;
  const child = spawn(process.execPath, ['--input-type=module', '-e', service], {
    // An export may take ten minutes: the process does not wait for that.
    env: {
      SHOP_OTEL_ENABLED: 'true',
      SHOP_OTEL_ENDPOINT: `127.0.0.1:${collector.port}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
      OTEL_BSP_EXPORT_TIMEOUT: '600000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [written, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(status).toBe(0);
  expect(written).toContain('"lost_spans":1');
});
