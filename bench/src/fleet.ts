import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { formatTable } from './report.ts';

/**
 * The fleets to measure. One VM costs nothing, so its row shows how long the machine itself delays calls. The next two have the
 * size of a host; the last is the largest fleet that metald is built for.
 */
const loads = [
  { vms: 1, intervalMs: 100 },
  { vms: 1_000, intervalMs: 100 },
  { vms: 10_000, intervalMs: 100 },
  { vms: 100_000, intervalMs: 1_000 },
];

/** Time for the code to be compiled and the heap to reach its size. */
const warmUpMs = 20_000;
const measuredMs = 30_000;
const scrapes = 5;
/** A page of four million series says nothing about a page of forty thousand. */
const mostVmsScraped = 10_000;

/**
 * The cost of a metald that samples a fleet, in its own process and without sending batches: CPU and memory, how late its ticks
 * are, and how long a scrape of all its VMs takes.
 */
export async function benchFleet(): Promise<void> {
  const rows = [];
  for (const { vms, intervalMs } of loads) {
    const hasPage = vms <= mostVmsScraped;
    const metald = await startMetald([`--vms=${vms}`, `--billing-interval=${intervalMs}ms`], hasPage);
    await callFor(warmUpMs, metald.apiUrl);
    const before = await metald.scrape();
    const beganAt = performance.now();
    const calls = await callFor(measuredMs, metald.apiUrl);
    const seconds = (performance.now() - beganAt) / 1_000;
    const after = await metald.scrape();
    const grown = (metric: string) => after.value(metric) - before.value(metric);
    const lag = after
      .histogram('metald_billing_tick_lag_seconds')
      .minus(before.histogram('metald_billing_tick_lag_seconds'));
    const page = hasPage ? await timeScrapes(metald) : noPage;
    metald.stop();
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
    rows.push({
      vms,
      interval: `${intervalMs} ms`,
      'samples/s': (grown('metald_billing_metrics_collected_total') / seconds).toFixed(0),
      'CPU %': ((100 * grown('process_cpu_seconds_total')) / seconds).toFixed(1),
      'us/sample': (
        (1e6 * grown('metald_billing_tick_duration_seconds_sum')) /
        grown('metald_billing_metrics_collected_total')
      ).toFixed(2),
      'RSS MB': megabytes(after.value('process_resident_memory_bytes')),
      'state B/VM': metald.stateBytesPerVm,
      'open batches MB': megabytes(after.value('metald_billing_open_batches_bytes')),
      'lag p50 ms': lag.quantile(0.5),
      'lag p99 ms': lag.quantile(0.99),
      'lag max ms': lag.quantile(1),
      'loop lag p99 ms': (1_000 * after.value('nodejs_eventloop_lag_p99_seconds')).toFixed(1),
      'RPC p50 ms': quantileOf(calls, 0.5).toFixed(1),
      'RPC p99 ms': quantileOf(calls, 0.99).toFixed(1),
      missed: grown('metald_billing_ticks_missed_total'),
      ...page,
    });
  }
  process.stdout.write(`${formatTable(rows)}\n`);
  process.stdout.write(
    'Lags are upper edges of histogram buckets; ticks are 10 ms apart, each samples its share of the VMs.\n',
  );
}

/** Starts metald as its user would, and waits until its fleet runs. */
async function startMetald(flags: readonly string[], perVmSeries: boolean) {
  const main = fileURLToPath(new URL('../../packages/metald-sim/src/main.ts', import.meta.url));
  const common = ['--port=0', '--metrics-port=0', '--no-billing'];
  const child = spawn(process.execPath, [main, ...common, ...flags], {
    env: { UNKEY_METALD_OTEL_HIGH_CARDINALITY_ENABLED: String(perVmSeries) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const { fleet, ready } = await readLog(child);
  const metricsUrl = `${ready['metrics_url']}/metrics`;
  return {
    stateBytesPerVm: Number(fleet['bytes_per_vm']),
    metricsUrl,
    apiUrl: String(ready['url']),
    scrape: async () => readPage(await (await fetch(metricsUrl)).text()),
    stop,
  };
}

type LogLine = Readonly<Record<string, unknown>>;

/** Waits for the two log lines that report the start. */
async function readLog(child: ChildProcess): Promise<{ fleet: LogLine; ready: LogLine }> {
  if (child.stdout === null) throw new TypeError('metald was started without a pipe');
  const lines = createInterface(child.stdout);
  let fleet: LogLine = {};
  const ended = once(child, 'exit').then(() => {
    throw new Error('metald ended before it was ready');
  });
  const ready = new Promise<LogLine>((resolve) => {
    lines.on('line', (text) => {
      const line: LogLine = JSON.parse(text);
      if (line['msg'] === 'fleet is running') fleet = line;
      if (line['msg'] === 'metald is ready') resolve(line);
    });
  });
  ended.catch(() => undefined);
  return { ready: await Promise.race([ready, ended]), fleet };
}

/** Values of a page of metrics. */
function readPage(page: string) {
  const value = (series: string) => {
    const line = page.split('\n').find((text) => text.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1));
  };
  return {
    value,
    histogram: (name: string) =>
      createHistogram(
        Array.from(page.matchAll(new RegExp(`^${name}_bucket{le="([^"]+)"} (\\d+)$`, 'gm')), ([, edge, count]) => ({
          edge: edge === '+Inf' ? Number.POSITIVE_INFINITY : Number(edge),
          count: Number(count),
        })),
      ),
  };
}

interface Bucket {
  /** Upper edge, in seconds. */
  readonly edge: number;
  /** Observations up to it. */
  readonly count: number;
}

function createHistogram(buckets: readonly Bucket[]) {
  const total = buckets.at(-1)?.count ?? 0;
  return {
    buckets,
    minus: (earlier: { readonly buckets: readonly Bucket[] }) =>
      createHistogram(
        buckets.map(({ edge, count }, index) => ({ edge, count: count - (earlier.buckets[index]?.count ?? 0) })),
      ),
    /** The edge below which a share of the observations lies, in milliseconds. */
    quantile: (share: number) =>
      `<= ${1_000 * (buckets.find(({ count }) => count >= share * total)?.edge ?? Number.NaN)}`,
  };
}

const noPage = { 'VM series': '-', 'page MB': '-', 'scrape ms': '-' };

/** Requests a VM up to twenty times a second, one request at a time. @returns how long each answer took */
async function callFor(milliseconds: number, apiUrl: string): Promise<number[]> {
  const until = performance.now() + milliseconds;
  const times: number[] = [];
  while (performance.now() < until) {
    const beganAt = performance.now();
    const response = await fetch(`${apiUrl}/vmprovisioner.v1.VmService/GetVmInfo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"vmId":"ud-0000000000000000"}',
    });
    await response.text();
    times.push(performance.now() - beganAt);
    await sleep(50);
  }
  return times;
}

function quantileOf(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}

/** Duration and size of complete scrapes of all VMs over HTTP. */
async function timeScrapes({ metricsUrl }: { readonly metricsUrl: string }) {
  const times: number[] = [];
  let bytes = 0;
  let series = 0;
  for (let count = 0; count < scrapes; count += 1) {
    const beganAt = performance.now();
    const page = await (await fetch(metricsUrl)).text();
    times.push(performance.now() - beganAt);
    bytes = page.length;
    series = page.match(/^[^#\n]*vm_id=/gm)?.length ?? 0;
  }
  return {
    'VM series': series,
    'page MB': (bytes / 1e6).toFixed(1),
    'scrape ms': quantileOf(times, 0.5).toFixed(0),
  };
}
