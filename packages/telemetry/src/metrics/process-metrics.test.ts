import { expect, test } from 'vitest';
import { gather } from '../exposition/gather.ts';
import { createCatalogue } from './catalogue.ts';
import { defineProcessMetrics, processCpuSeconds } from './process-metrics.ts';

async function readAll() {
  const metrics = createCatalogue();
  defineProcessMetrics(metrics);
  const { families, errors } = await gather(metrics.sources);
  expect(errors).toEqual([]);
  return new Map(families.map(({ name, type, samples }) => [name, { type, samples: [...samples] }]));
}

test('the metrics that every Prometheus client has are there with their types', async () => {
  const families = await readAll();
  expect([...families].map(([name, { type }]) => [name, type])).toEqual([
    ['process_cpu_seconds_total', 'counter'],
    ['process_resident_memory_bytes', 'gauge'],
    ['process_start_time_seconds', 'gauge'],
    ['nodejs_heap_size_used_bytes', 'gauge'],
    ['nodejs_version_info', 'gauge'],
  ]);
});

test('values are in seconds and bytes', async () => {
  const families = await readAll();
  const readingOf = (name: string) => families.get(name)?.samples[0]?.value;
  expect(readingOf('process_start_time_seconds')).toBeCloseTo(Date.now() / 1_000 - process.uptime(), 0);
  // A Node process needs more than 10 MB; the same number in kilobytes or pages would be below.
  expect(readingOf('process_resident_memory_bytes')).toBeGreaterThan(10e6);
  expect(readingOf('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
});

test('the CPU time only grows and is that of user and system together', () => {
  const before = process.cpuUsage();
  const seconds = processCpuSeconds();
  const after = process.cpuUsage();
  expect(seconds).toBeGreaterThanOrEqual((before.user + before.system) / 1e6);
  expect(seconds).toBeLessThanOrEqual((after.user + after.system) / 1e6);
});

test('the version of Node is a label', async () => {
  expect((await readAll()).get('nodejs_version_info')?.samples).toEqual([
    { name: 'nodejs_version_info', labels: { version: process.version }, value: 1 },
  ]);
});
