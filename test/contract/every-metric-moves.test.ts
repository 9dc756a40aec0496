import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ParsedFamily } from '../parsers/openmetrics-parser.ts';
import { readMetric, scrape } from '../parsers/scrape.ts';
import { eventually } from '../processes/eventually.ts';
import { billingClient, validConfig, vmClient } from '../wire/clients.ts';
import { billagedContract, metaldContract } from './guide-metrics.ts';

type Page = Map<string, ParsedFamily>;

/** Lets what should be counted happen, and tells by how much a metric moved. */
async function movement(
  metricsUrl: string | undefined,
  read: (page: Page) => number,
  happen: () => Promise<unknown>,
): Promise<number> {
  const before = read(await scrape(metricsUrl));
  await happen();
  return (
    (await eventually(
      async () => read(await scrape(metricsUrl)),
      (value) => value !== before,
    )) - before
  );
}

/** What is expected to fail is part of the test. */
const expectFailure = (work: Promise<unknown>) => expect(work).rejects.toThrow();

describe('every metric of metald moves when what it counts happens', () => {
  let metald: Metald;
  let billaged: Billaged;
  let brokenOperation: string | undefined;
  const moved = new Set<string>();

  beforeAll(async () => {
    const quiet = { port: 0, metricsPort: 0, logLevel: 'silent' } as const;
    billaged = await startBillaged(quiet);
    metald = await startMetald({
      ...quiet,
      billingEndpoint: billaged.url,
      billingIntervalMs: 10,
      billingBatchSize: 5,
      hypervisor: {
        async perform(operation) {
          if (operation === brokenOperation) throw new Error('the hypervisor does not answer');
        },
      },
    });
  });
  afterAll(async () => {
    await metald.close();
    await billaged.close();
  });

  const moves = (metric: string, labels: Record<string, string>, happen: () => Promise<unknown>) => {
    moved.add(metric);
    return movement(metald.telemetry.metricsUrl, (page) => readMetric(page, metric, labels), happen);
  };
  const bootedVm = async () => {
    const { vmId } = await vmClient(metald.url).createVm({ config: validConfig });
    await vmClient(metald.url).bootVm({ vmId });
    return vmId;
  };

  test('lifecycle', async () => {
    const client = vmClient(metald.url);
    let vmId = '';
    const create = async () => {
      ({ vmId } = await client.createVm({ config: validConfig }));
    };
    expect(await moves('metald_vm_operations_total', { operation: 'create', status: 'success' }, create)).toBe(1);
    expect(await moves('metald_vms_total', { state: 'running' }, () => client.bootVm({ vmId }))).toBe(1);
    expect(await moves('metald_vms_total', { state: 'paused' }, () => client.pauseVm({ vmId }))).toBe(1);
    expect(await moves('metald_vms_total', { state: 'paused' }, () => client.resumeVm({ vmId }))).toBe(-1);
    expect(
      await moves('metald_vm_operations_total', { operation: 'reboot', status: 'success' }, () =>
        client.rebootVm({ vmId }),
      ),
    ).toBe(1);
    expect(await moves('metald_vm_boot_duration_seconds', {}, bootedVm)).toBe(1);
    expect(await moves('metald_vms_total', { state: 'shutdown' }, () => client.shutdownVm({ vmId }))).toBe(1);
    expect(await moves('metald_vms_total', { state: 'shutdown' }, () => client.deleteVm({ vmId }))).toBe(-1);
    const again = () => expectFailure(client.bootVm({ vmId }));
    expect(await moves('metald_vm_operations_total', { operation: 'boot', status: 'failed' }, again)).toBe(1);
  });

  test('usage of a VM', async () => {
    const vmId = await bootedVm();
    const nothing = async () => undefined;
    expect(await moves('metald_cpu_usage_percent', { vm_id: vmId }, nothing)).not.toBe(0);
    expect(await moves('metald_memory_usage_bytes', { vm_id: vmId }, nothing)).not.toBe(0);
    expect(await moves('metald_disk_io_bytes_total', { vm_id: vmId, op: 'read' }, nothing)).toBeGreaterThan(0);
    expect(await moves('metald_disk_io_bytes_total', { vm_id: vmId, op: 'write' }, nothing)).toBeGreaterThan(0);
    await vmClient(metald.url).deleteVm({ vmId, force: true });
    const page = await scrape(metald.telemetry.metricsUrl);
    expect(page.get('metald_cpu_usage_percent')?.samples.some(({ labels }) => labels.get('vm_id') === vmId)).toBe(
      false,
    );
  });

  test('API', async () => {
    const client = vmClient(metald.url);
    const list = () => client.listVms({});
    expect(await moves('metald_api_requests_total', { method: 'ListVms', code: 'ok' }, list)).toBe(1);
    expect(await moves('metald_api_duration_seconds', { method: 'ListVms' }, list)).toBe(1);
    const ask = () => expectFailure(client.getVmInfo({ vmId: 'ud-0000000000000000' }));
    expect(await moves('metald_api_requests_total', { method: 'GetVmInfo', code: 'not_found' }, ask)).toBe(1);
  });

  test('errors of the hypervisor and of the API', async () => {
    brokenOperation = 'create';
    const create = () => expectFailure(vmClient(metald.url).createVm({ config: validConfig }));
    expect(await moves('metald_errors_total', { component: 'backend' }, create)).toBe(1);
    expect(await moves('metald_api_errors_total', { method: 'CreateVm', code: 'internal' }, create)).toBe(1);
    brokenOperation = undefined;
  });

  test('the process', async () => {
    const work = () => vmClient(metald.url).listVms({});
    for (const metric of ['metald_process_cpu_seconds_total', 'process_cpu_seconds_total']) {
      expect(await moves(metric, {}, work)).toBeGreaterThan(0);
    }
    const ballast: Uint8Array[] = [];
    const grow = async () => ballast.push(new Uint8Array(32 * 1024 ** 2).fill(1));
    for (const metric of ['metald_process_resident_memory_bytes', 'process_resident_memory_bytes']) {
      expect(await moves(metric, {}, grow)).not.toBe(0);
    }
    const timers: NodeJS.Timeout[] = [];
    const hold = async () => timers.push(...Array.from({ length: 50 }, () => setTimeout(() => undefined, 60_000)));
    expect(await moves('metald_go_goroutines', {}, hold)).toBeGreaterThan(0);
    for (const timer of timers) clearTimeout(timer);
  });

  test('billing', async () => {
    expect(await moves('metald_billing_metrics_collected_total', {}, bootedVm)).toBeGreaterThan(0);
    expect(await moves('metald_billing_batches_sent_total', {}, bootedVm)).toBeGreaterThan(0);
    expect(await moves('metald_billing_batch_size_histogram', {}, bootedVm)).toBeGreaterThan(0);
    // From here on billaged is down.
    expect(await moves('metald_billing_batch_failures_total', {}, () => billaged.close())).toBeGreaterThan(0);
    expect(await moves('metald_errors_total', { component: 'billing' }, bootedVm)).toBeGreaterThan(0);
  });

  test('no metric of the contract was left out', () => {
    expect([...moved].sort()).toEqual(Object.keys(metaldContract).sort());
  });
});

describe('every metric of billaged moves when what it counts happens', () => {
  let billaged: Billaged;
  let isBroken = false;
  const moved = new Set<string>();

  beforeAll(async () => {
    const { createMemoryLedger } = await import('@vmobs/billaged-sim/ledger');
    const ledger = createMemoryLedger();
    const failIfBroken = () => {
      if (isBroken) throw new Error('the disk is full');
    };
    billaged = await startBillaged({
      port: 0,
      metricsPort: 0,
      logLevel: 'silent',
      aggregationIntervalMs: 50,
      ledger: {
        ...ledger,
        get activeVms() {
          return ledger.activeVms;
        },
        append(batch) {
          failIfBroken();
          return ledger.append(batch);
        },
        stop(vmId) {
          const usage = ledger.stop(vmId);
          return usage && vmId === 'ud-fault' ? { ...usage, endNanos: 10n ** 30n } : usage;
        },
        usage() {
          failIfBroken();
          return ledger.usage();
        },
      },
    });
  });
  afterAll(() => billaged.close());

  const moves = (metric: string, labels: Record<string, string>, happen: () => Promise<unknown>) => {
    moved.add(metric);
    return movement(billaged.telemetry.metricsUrl, (page) => readMetric(page, metric, labels), happen);
  };
  let second = 0n;
  const sendTwo = () =>
    billingClient(billaged.url).sendMetricsBatch({
      vmId: 'ud-1',
      customerId: 'acme',
      metrics: [1, 2].map(() => ({ timestamp: { seconds: ++second, nanos: 0 }, cpuTimeNanos: second })),
    });

  test('batches', async () => {
    expect(await moves('billaged_active_vms', {}, sendTwo)).toBe(1);
    expect(await moves('billaged_metrics_received_total', {}, sendTwo)).toBe(2);
    expect(await moves('billaged_metrics_processed_total', {}, sendTwo)).toBe(2);
    expect(await moves('billaged_batch_size_histogram', {}, sendTwo)).toBe(1);
    expect(await moves('billaged_processing_duration_seconds', {}, sendTwo)).toBe(1);
    expect(
      await moves('billaged_active_vms', {}, () => billingClient(billaged.url).notifyVmStopped({ vmId: 'ud-1' })),
    ).toBe(-1);
  });

  test('a repeated batch is received and processed, and billed once', async () => {
    await sendTwo();
    second -= 2n;
    const read = (page: Page) => readMetric(page, 'billaged_metrics_duplicate_total');
    expect(await movement(billaged.telemetry.metricsUrl, read, sendTwo)).toBe(2);
  });

  test('aggregation', async () => {
    const nothing = async () => undefined;
    expect(await moves('billaged_aggregation_duration_seconds', {}, nothing)).toBeGreaterThan(0);
    isBroken = true;
    expect(await moves('billaged_aggregation_errors_total', {}, nothing)).toBeGreaterThan(0);
    expect(await moves('billaged_errors_total', { component: 'aggregation' }, nothing)).toBeGreaterThan(0);
    expect(await moves('billaged_errors_total', { component: 'ledger' }, () => expectFailure(sendTwo()))).toBe(1);
    isBroken = false;
    // Usage that no clock has a date for: nobody expects it, so it is a fault of the API.
    await billingClient(billaged.url).notifyVmStarted({ vmId: 'ud-fault', customerId: 'acme' });
    const stop = () => expectFailure(billingClient(billaged.url).notifyVmStopped({ vmId: 'ud-fault' }));
    expect(await moves('billaged_errors_total', { component: 'api' }, stop)).toBe(1);
  });

  test('the process', async () => {
    for (const metric of ['billaged_process_cpu_seconds_total', 'process_cpu_seconds_total']) {
      expect(await moves(metric, {}, sendTwo)).toBeGreaterThan(0);
    }
    const ballast: Uint8Array[] = [];
    const grow = async () => ballast.push(new Uint8Array(32 * 1024 ** 2).fill(1));
    for (const metric of ['billaged_process_resident_memory_bytes', 'process_resident_memory_bytes']) {
      expect(await moves(metric, {}, grow)).not.toBe(0);
    }
  });

  test('no metric of the contract was left out', () => {
    expect([...moved].sort()).toEqual(Object.keys(billagedContract).sort());
  });
});
