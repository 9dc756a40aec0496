import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '@vmobs/lab/stack';
import { readTelemetrySettings, startTelemetry } from '@vmobs/telemetry';
import { eventually, readMetric, scrape } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeAlone, startParts } from './start-parts.ts';

/*
 * Values that JSON or a 64-bit integer cannot hold, and the real collector.
 */

let folder: string;
let stack: Stack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-span-values-'));
  stack = await startParts(['jaeger', 'otelcol'], placeAlone(folder));
});
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true });
});

test('the collector takes spans with numbers, times and links of any kind, and those exported with them', async () => {
  const env = { SHOP_OTEL_ENABLED: 'true', SHOP_OTEL_ENDPOINT: stack.urls.get('otelcol') ?? '', LOG_LEVEL: 'silent' };
  const identity = { name: 'shop', version: '1.0.0', metricsPort: 0 };
  const settings = readTelemetrySettings(identity, { env, prefixes: ['SHOP'] });
  const resourceAttributes = { 'host.load': Number.NaN };
  const telemetry = await startTelemetry({ ...identity, settings, resourceAttributes });
  try {
    const { tracer } = telemetry;
    for (let index = 0; index < 60; index += 1) tracer.startSpan('good', { attributes: { index } }).end();
    const numbers = [Number.NaN, Number.NEGATIVE_INFINITY, 5e19, 1e300, 2 ** 63, -(2 ** 63), 2 ** 63 - 1_024];
    const context = { traceId: 'none', spanId: '', traceFlags: 1 };
    const bad = tracer.startSpan('bad', { links: [{ context }], startTime: Number.NaN });
    bad.setAttributes({ numbers, ratio: Number.NaN }).addEvent('full', { free: Number.POSITIVE_INFINITY });
    bad.end();
    const url = String(telemetry.metricsUrl);
    const exported = async () => {
      const page = await scrape(url);
      return readMetric(page, 'otel_sdk_exporter_span_exported_total', { error_type: '' });
    };
    expect(await eventually(exported, (spans) => spans > 0)).toBe(61);
  } finally {
    await telemetry.close();
  }
});
