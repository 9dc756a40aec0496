import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { portOffset } from './port-offset.ts';
import { type PrometheusProcess, startPrometheus } from './prometheus-process.ts';
import { reportMeasured } from './report-measured.ts';
import { requirePart } from './require-part.ts';

const vms = 10_000;
/** Processor, memory, and what was read and written. */
const seriesOfVm = 4;

let metald: ServiceProcess;
let prometheus: PrometheusProcess;

beforeAll(async () => {
  metald = await startServiceProcess('metald-sim', {
    UNKEY_METALD_SIM_VMS: String(vms),
    UNKEY_METALD_SIM_CHURN: '60',
    UNKEY_METALD_BILLING_ENABLED: 'false',
  });
  prometheus = await startPrometheus({
    program: await requirePart('prometheus'),
    port: 9_090 + portOffset,
    config: {
      // A scrape that takes longer is broken off, and `up` is 0.
      global: { scrape_interval: '2s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'metald', static_configs: [{ targets: [new URL(metald.metricsUrl).host] }] }],
    },
    features: ['exemplar-storage'],
  });
});
afterAll(async () => {
  await prometheus.end();
  await metald.end();
});

test(`Prometheus scrapes ${vms} VMs, which are sampled every 100 ms, within a second`, async () => {
  const ask = async (query: string) => {
    const { result } = await prometheus.ask<{ result: { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(query)}`,
    );
    return Number(result[0]?.value[1]);
  };
  const patience = { timeout: 200_000, interval: 500 };
  const ofVms = '{__name__=~"metald_cpu_usage_percent|metald_memory_usage_bytes|metald_disk_io_bytes_total"}';
  // Those that are being replaced have none.
  await expect.poll(() => ask(`count(${ofVms})`), patience).toBeGreaterThan(0.99 * vms * seriesOfVm);
  await expect.poll(() => ask('count_over_time((up == 1)[1m:2s])'), patience).toBeGreaterThan(5);
  const slowest = await ask('max_over_time(scrape_duration_seconds[1m])');
  const samples = await ask('scrape_samples_scraped');
  reportMeasured(`a scrape of ${vms} VMs, ${samples} series, takes ${slowest} s at most`);
});
