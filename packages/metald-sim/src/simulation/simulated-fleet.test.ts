import { afterEach, expect, test } from 'vitest';
import { type Metald, type MetaldOptions, startMetald } from '../app.ts';

/** How long a slow machine may take. */
const patience = { timeout: 100_000 };

let metald: Metald | undefined;
afterEach(() => metald?.close());

/** A metald that keeps its bills to itself, and what it says. */
async function startTestMetald(options: MetaldOptions) {
  const started = await startMetald({
    port: 0,
    metricsPort: 0,
    logLevel: 'silent',
    billingEnabled: false,
    hypervisor: { perform: async () => undefined },
    ...options,
  });
  metald = started;
  const page = async () => (await fetch(`${started.telemetry.metricsUrl}/metrics`)).text();
  const idsOf = async (metric: string) =>
    new Set(Array.from((await page()).matchAll(new RegExp(`^${metric}{vm_id="([^"]+)"`, 'gm')), ([, id]) => id));
  const truth = (query = '') => fetch(`${started.url}/sim/truth${query}`);
  return { page, idsOf, truth };
}

test('a fleet runs from the start, beyond the limit of clients, with series for each VM', async () => {
  const { page, idsOf } = await startTestMetald({ vms: 300, maxVms: 1 });
  expect(await page()).toContain('\nmetald_vms_total{state="running"} 300\n');
  const ids = await idsOf('metald_cpu_usage_percent');
  expect(ids.size).toBe(300);
  expect(await idsOf('metald_memory_usage_bytes')).toEqual(ids);
  expect(await idsOf('metald_disk_io_bytes_total')).toEqual(ids);
  await expect
    .poll(async () => Number(/^metald_billing_metrics_collected_total (\d+)$/m.exec(await page())?.[1]), patience)
    .toBeGreaterThanOrEqual(300);
});

test('without series of high cardinality there is none for a VM', async () => {
  const { page } = await startTestMetald({ vms: 10, highCardinality: false });
  expect(await page()).not.toContain('vm_id=');
  expect(await page()).toContain('\nmetald_vms_total{state="running"} 10\n');
});

test('churn replaces VMs and their series, and the fleet keeps its size', async () => {
  const { page, idsOf } = await startTestMetald({ vms: 20, churn: 6_000 });
  const before = await idsOf('metald_cpu_usage_percent');
  const booted = async () =>
    Number(/^metald_vm_operations_total{operation="boot",status="success"} (\d+)$/m.exec(await page())?.[1]);
  await expect.poll(booted, patience).toBeGreaterThan(30);
  const after = await idsOf('metald_cpu_usage_percent');
  expect(after).not.toEqual(before);
  // One may be between its end and the beginning of the next.
  expect(after.size).toBeGreaterThan(10);
  expect(after.size).toBeLessThanOrEqual(20);
});

test('the truth is there when it is asked for to be, and only then', async () => {
  const without = await startTestMetald({ vms: 3 });
  expect((await without.truth()).status).toBe(404);
  await metald?.close();
  const { truth } = await startTestMetald({ vms: 3, simControl: true });
  const sampled = async () => {
    const body = await (await truth()).text();
    return Array.from(body.matchAll(/"sample_count":(\d+)/g), ([, count]) => Number(count)).filter(
      (count) => count > 1,
    );
  };
  await expect.poll(sampled, patience).toHaveLength(3);
});
