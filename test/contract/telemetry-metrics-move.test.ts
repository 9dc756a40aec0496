import { open, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openCollector, say, take } from '../telemetry/faulty-collector.ts';
import { billagedContract, metaldContract } from './guide-metrics.ts';
import { watchMovements } from './movement.ts';

/*
 * The metrics that every service has from the telemetry library and from the faults, in both services: those of the process,
 * of logs, spans, scrapes, requests. Nothing is simulated; it happens in this process, which both services share.
 */

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const quiet = { port: 0, metricsPort: 0, logLevel: 'silent', simControl: true } as const;
type StartOptions = NonNullable<Parameters<typeof startMetald>[0] & Parameters<typeof startBillaged>[0]>;
const services = {
  // Heartbeats to a billaged would be spans, too.
  metald: (options: StartOptions) => startMetald({ ...options, billingEnabled: false }),
  billaged: (options: StartOptions) => startBillaged(options),
};
/** An RPC of each. */
const rpcs = {
  metald: '/vmprovisioner.v1.VmService/ListVms',
  billaged: '/billing.v1.BillingService/SendHeartbeat',
};
const contracts = { metald: metaldContract, billaged: billagedContract };

const nothing = async () => undefined;
const block = (milliseconds: number) => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

describe.each(['metald', 'billaged'] as const)('every metric that %s has from telemetry moves', (name) => {
  const start = (options: StartOptions = {}): Promise<Metald | Billaged> => services[name]({ ...quiet, ...options });
  let service: Metald | Billaged;
  let catalogue: string[];
  const { seen, moves, allMove, value } = watchMovements(() => service.telemetry.metricsUrl);
  /** One that is set up otherwise, for one test. */
  let other: Metald | Billaged;
  const ofOther = watchMovements(() => other.telemetry.metricsUrl);

  beforeAll(async () => {
    service = await start();
    catalogue = service.telemetry.metrics.entries.map((entry) => entry.name);
  });
  afterAll(() => service.close());

  test('the event loop and the garbage collector', async () => {
    const lags = ['', '_max', '_p50', '_p90', '_p99'].map((kind) => `nodejs_eventloop_lag${kind}_seconds`);
    const longest = await value('nodejs_eventloop_lag_max_seconds');
    await allMove(lags, async () => {
      for (const milliseconds of [...Array.from({ length: 30 }, () => 50), 1_000 * longest + 200]) {
        block(milliseconds);
        await nextTurn();
      }
    });
    const states = 'nodejs_eventloop_time_seconds_total';
    expect(await moves(states, { nodejs_eventloop_state: 'active' }, nothing)).toBeGreaterThan(0);
    const timers: NodeJS.Timeout[] = [];
    const hold = async () => timers.push(...Array.from({ length: 50 }, () => setTimeout(() => undefined, 60_000)));
    expect(await moves('nodejs_active_resources', { type: 'Timeout' }, hold)).toBeGreaterThan(0);
    for (const timer of timers) clearTimeout(timer);
    const collect = async () => collectGarbage();
    expect(await moves('nodejs_gc_duration_seconds', { kind: 'major' }, collect)).toBeGreaterThan(0);
  });

  test('the processor, the memory and the files of the process', async () => {
    await allMove(['process_cpu_user_seconds_total', 'process_cpu_system_seconds_total'], nothing);
    const held: unknown[] = [];
    const takeMemory = async () => {
      held.push(new Uint8Array(64 * 1024 ** 2).fill(1));
      held.push(Array.from({ length: 500_000 }, (_, index) => ({ index })));
    };
    await allMove(
      [
        'process_virtual_memory_bytes',
        'process_heap_bytes',
        'nodejs_heap_size_total_bytes',
        'nodejs_heap_size_used_bytes',
        'nodejs_external_memory_bytes',
      ],
      takeMemory,
    );
    const spaces = ['total', 'used', 'available'].map((kind) => `nodejs_heap_space_size_${kind}_bytes`);
    await allMove(spaces, takeMemory, { space: 'old' });
    expect(held).toHaveLength(4);
    const openMore = async () => {
      const more = await Promise.all(Array.from({ length: 50 }, () => open('/proc/self/limits')));
      onTestFinished(async () => {
        for (const one of more) await one.close();
      });
    };
    expect(await moves('process_open_fds', {}, openMore)).toBeGreaterThan(0);
    const [, limit] = /^Max open files\s+(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8')) ?? [];
    expect(await value('process_max_fds')).toBe(Number(limit));
  });

  test('what does not change while the process runs', async () => {
    expect(await value('process_start_time_seconds')).toBeCloseTo(Date.now() / 1_000 - process.uptime(), 0);
    expect(await value('nodejs_version_info', { version: process.version })).toBe(1);
  });

  test('scrapes', async () => {
    const { metricsUrl, metrics } = service.telemetry;
    await allMove(
      ['promhttp_metric_handler_request_duration_seconds', 'promhttp_metric_handler_response_bytes_total'],
      nothing,
    );
    expect(await moves('promhttp_metric_handler_requests_total', { code: '200' }, nothing)).toBeGreaterThan(0);
    expect(await value('promhttp_metric_handler_requests_in_flight')).toBe(1);
    const reading = { blocksForMs: 0, value: 1 };
    const define = async () =>
      metrics.observed({
        type: 'gauge',
        name: 'test_reading',
        help: 'For this test.',
        read: () => {
          block(reading.blocksForMs);
          return reading.value;
        },
      });
    await allMove(['promhttp_metric_handler_series'], define);
    const runOutOfTime = async () => {
      reading.blocksForMs = 200;
      await fetch(`${metricsUrl}/metrics`, { headers: { 'x-prometheus-scrape-timeout-seconds': '0.1' } });
      reading.blocksForMs = 0;
    };
    expect(await moves('promhttp_metric_handler_aborts_total', { cause: 'timeout' }, runOutOfTime)).toBe(1);
    const fail = async () => {
      reading.value = Number.NaN;
    };
    expect(await moves('promhttp_metric_handler_errors_total', { cause: 'gathering' }, fail)).toBeGreaterThan(0);
    reading.value = 1;
  });

  test('requests', async () => {
    const read = () => fetch(`${service.url}/nothing/here`);
    expect(await moves('http_server_request_duration_seconds', {}, read)).toBe(1);
    // Its body never comes.
    const headers = { 'content-type': 'application/json', 'content-length': 10 };
    const held = request(`${service.url}${rpcs[name]}`, { method: 'POST', headers });
    held.on('error', () => undefined);
    onTestFinished(() => void held.destroy());
    const hold = async () => held.flushHeaders();
    expect(await moves('http_server_active_requests', { http_request_method: 'POST' }, hold)).toBe(1);
  });

  test('faults', async () => {
    const body = JSON.stringify({ size: 2 });
    const fault = 'api-latency';
    const switchOn = () => fetch(`${service.url}/sim/faults/${fault}`, { method: 'PUT', body });
    await allMove(['sim_fault_active', 'sim_fault_size'], switchOn, { fault });
  });

  test('series beyond the limit of their metric', async () => {
    const counter = service.telemetry.metrics.counter({
      name: 'test_orders_total',
      help: 'For this test.',
      labels: { customer: '*' },
      maxSeries: 1,
    });
    counter.inc({ customer: 'first' });
    const labels = { metric: 'test_orders_total' };
    const exceed = async () => counter.inc({ customer: 'second' });
    expect(await moves('telemetry_metric_overflow_total', labels, exceed)).toBe(1);
  });

  test('spans', async () => {
    const collector = await openCollector();
    const held: Parameters<typeof collector.answer>[0][] = [];
    collector.answer = (response) => void held.push(response);
    other = await start({
      tracesEnabled: true,
      otlpTracesUrl: `http://127.0.0.1:${collector.port}/v1/traces`,
      spanQueueSize: 100,
      spanBatchDelayMs: 10,
    });
    onTestFinished(other.close);
    const endSpan = async () => other.telemetry.tracer.startSpan('work').end();
    expect(await ofOther.value('otel_sdk_processor_span_queue_capacity')).toBe(100);
    expect(await ofOther.moves('otel_sdk_exporter_span_inflight', {}, endSpan)).toBe(1);
    // One export at a time.
    expect(await ofOther.moves('otel_sdk_processor_span_queue_size', {}, endSpan)).toBe(1);
    collector.answer = take;
    const comeAgain = async () => {
      for (const response of held) say(503, { 'retry-after': '0' })(response);
    };
    expect(await ofOther.moves('otlp_exporter_retries_total', {}, comeAgain)).toBe(1);
    const leftQueue = { error_type: '' };
    expect(await ofOther.moves('otel_sdk_exporter_span_exported_total', leftQueue, endSpan)).toBeGreaterThan(0);
    expect(await ofOther.moves('otel_sdk_processor_span_processed_total', leftQueue, endSpan)).toBeGreaterThan(0);
  });

  test('log lines that are lost', async () => {
    // A device on which there is never room.
    other = await start({ logLevel: 'info', logFile: '/dev/full', logOutput: { write: () => undefined } });
    onTestFinished(other.close);
    const padding = 'x'.repeat(1_000);
    const write = async () => {
      for (let line = 0; line < 12_000; line += 1) other.telemetry.logger.info({ line }, padding);
    };
    const lost = 'telemetry_log_lines_lost_total';
    expect(await ofOther.moves(lost, { destination: 'file' }, write)).toBeGreaterThan(0);
  });

  test('no metric was left out', () => {
    const others = catalogue.filter(
      (metric) => !metric.startsWith(`${name}_`) && !metric.startsWith('telemetry_series_table_'),
    );
    const guide = Object.keys(contracts[name]);
    expect([...seen, ...ofOther.seen].sort()).toEqual(others.filter((metric) => !guide.includes(metric)).sort());
  });
});
