import { expect, onTestFinished, test } from 'vitest';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

test('an error of each scrape is one line, however often others scrape', async () => {
  const { telemetry, lines } = await startTestTelemetry();
  onTestFinished(telemetry.close);
  let reads = 0;
  const read = () => {
    reads += 1;
    throw new Error(`no answer within ${reads} ms`);
  };
  telemetry.metrics.observed({ type: 'gauge', name: 'broken', help: 'Broken.', read });
  const scrape = async (timeout: string) => {
    const headers = { 'x-prometheus-scrape-timeout-seconds': timeout };
    await (await fetch(`${telemetry.metricsUrl}/metrics`, { headers })).text();
  };
  for (let index = 0; index < 10; index += 1) await scrape('0.001');
  for (let index = 0; index < 10; index += 1) await scrape('10');
  expect(reads).toBeGreaterThanOrEqual(10);
  const errors = lines.filter(({ level }) => level === 'error').map(({ msg }) => msg);
  expect(errors.filter((msg) => String(msg).startsWith('metric broken'))).toHaveLength(1);
});
