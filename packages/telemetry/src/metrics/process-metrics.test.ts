import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import { defineProcessMetrics, type ProcessMetrics, processCpuSeconds } from './process-metrics.ts';
import { readFamilies, scrape } from './testing/read-samples.ts';

const onLinux = test.runIf(process.platform === 'linux');
const opened: ProcessMetrics[] = [];

afterEach(() => {
  for (const processMetrics of opened.splice(0)) processMetrics.close();
});

function createDefined() {
  const metrics = createCatalogue();
  opened.push(defineProcessMetrics(metrics));
  const read = async (name: string) => (await readFamilies(metrics)).find((family) => family.name === name);
  const readValue = async (name: string) => [...((await read(name))?.samples ?? [])][0]?.value;
  return { metrics, read, readValue };
}

test('the metrics that every Prometheus client has exist with their types', async () => {
  const { metrics } = createDefined();
  expect(metrics.entries.map(({ name, type }) => `${type} ${name}`)).toEqual([
    'counter process_cpu_user_seconds_total',
    'counter process_cpu_system_seconds_total',
    'counter process_cpu_seconds_total',
    'gauge process_resident_memory_bytes',
    'gauge process_start_time_seconds',
    'gauge process_virtual_memory_bytes',
    'gauge process_heap_bytes',
    'gauge process_open_fds',
    'gauge process_max_fds',
    'gauge nodejs_heap_size_total_bytes',
    'gauge nodejs_heap_size_used_bytes',
    'gauge nodejs_external_memory_bytes',
    'gauge nodejs_heap_space_size_total_bytes',
    'gauge nodejs_heap_space_size_used_bytes',
    'gauge nodejs_heap_space_size_available_bytes',
    'gauge nodejs_active_resources',
    'gauge nodejs_version_info',
    'gauge nodejs_eventloop_lag_seconds',
    'gauge nodejs_eventloop_lag_max_seconds',
    'gauge nodejs_eventloop_lag_p50_seconds',
    'gauge nodejs_eventloop_lag_p90_seconds',
    'gauge nodejs_eventloop_lag_p99_seconds',
    'counter nodejs_eventloop_time_seconds_total',
    'histogram nodejs_gc_duration_seconds',
  ]);
});

onLinux('all of them can be read', async () => {
  const { metrics } = createDefined();
  const { page, errors } = await scrape(metrics);
  expect(errors).toEqual([]);
  for (const { name } of metrics.entries) expect(page).toMatch(new RegExp(`^${name}`, 'm'));
});

test('values are in seconds and bytes', async () => {
  const { readValue } = createDefined();
  expect(await readValue('process_start_time_seconds')).toBeCloseTo(Date.now() / 1_000 - process.uptime(), 0);
  // A Node process needs more than 10 MB; the same number in kilobytes or pages would be below.
  expect(await readValue('process_resident_memory_bytes')).toBeGreaterThan(10e6);
  expect(await readValue('nodejs_heap_size_total_bytes')).toBeGreaterThan(1e6);
  expect(await readValue('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
});

onLinux('virtual memory is more than resident memory', async () => {
  const { readValue } = createDefined();
  const resident = (await readValue('process_resident_memory_bytes')) ?? Number.NaN;
  expect(await readValue('process_virtual_memory_bytes')).toBeGreaterThan(resident);
  expect(await readValue('process_heap_bytes')).toBeGreaterThan(10e6);
});

onLinux('open files are counted, and there may be more', async () => {
  const { readValue } = createDefined();
  const before = (await readValue('process_open_fds')) ?? Number.NaN;
  const files = Array.from({ length: 200 }, () => openSync('/dev/null', 'r'));
  const after = (await readValue('process_open_fds')) ?? Number.NaN;
  for (const file of files) closeSync(file);
  // Others in this process may open and close some at the same time.
  expect(after - before).toBeGreaterThan(150);
  expect(after - before).toBeLessThan(250);
  expect(await readValue('process_max_fds')).toBeGreaterThan(after);
});

test('the CPU time only grows and is the sum of user and system', async () => {
  const { readValue } = createDefined();
  const before = process.cpuUsage();
  const seconds = processCpuSeconds();
  const after = process.cpuUsage();
  expect(seconds).toBeGreaterThanOrEqual((before.user + before.system) / 1e6);
  expect(seconds).toBeLessThanOrEqual((after.user + after.system) / 1e6);
  expect(await readValue('process_cpu_user_seconds_total')).toBeGreaterThanOrEqual(after.user / 1e6);
  expect(await readValue('process_cpu_system_seconds_total')).toBeGreaterThanOrEqual(after.system / 1e6);
});

test('active resources are counted by type', async () => {
  const { read } = createDefined();
  const timers = Array.from({ length: 3 }, () => setTimeout(() => undefined, 60_000));
  const family = await read('nodejs_active_resources');
  for (const timer of timers) clearTimeout(timer);
  const timeouts = Array.from(family?.samples ?? []).find(({ labels }) => labels['type'] === 'Timeout');
  expect(timeouts?.value).toBeGreaterThanOrEqual(3);
});

test('the heap is split by space', async () => {
  const { read } = createDefined();
  const spaces = Array.from((await read('nodejs_heap_space_size_used_bytes'))?.samples ?? []);
  expect(spaces.map(({ labels }) => labels['space'])).toEqual(expect.arrayContaining(['new', 'old', 'large_object']));
});

test('the version of Node is a label, whole and by part', async () => {
  const { read } = createDefined();
  const [major, minor, patch] = process.versions.node.split('.');
  expect((await read('nodejs_version_info'))?.samples).toEqual([
    { name: 'nodejs_version_info', labels: { version: process.version, major, minor, patch }, value: 1 },
  ]);
});

test('a process that does not close them still ends', async () => {
  const source = (file: string) => JSON.stringify(join(import.meta.dirname, file));
  const program = `
    import { createCatalogue } from ${source('catalogue.ts')};
    import { defineProcessMetrics } from ${source('process-metrics.ts')};
    defineProcessMetrics(createCatalogue());
    process.on('exit', () => console.log('ended'));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout).toBe('ended\n');
});
