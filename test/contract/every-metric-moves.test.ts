import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { scrape } from '@vmobs/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { billingClient, validConfig, vmClient } from '../support/clients.ts';
import { billagedContract, metaldContract } from './guide-metrics.ts';
import { watchMovements } from './movement.ts';

/** What is expected to fail is part of the test. */
const expectFailure = (work: Promise<unknown>) => expect(work).rejects.toThrow();

describe('every metric of metald moves when what it counts happens', () => {
  let metald: Metald;
  let billaged: Billaged;
  let brokenOperation: string | undefined;
  const { seen, moves } = watchMovements(() => metald.telemetry.metricsUrl);

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
    expect([...seen].sort()).toEqual(Object.keys(metaldContract).sort());
  });
});

describe('every metric of billaged moves when what it counts happens', () => {
  let billaged: Billaged;
  let isBroken = false;
  const { seen, moves } = watchMovements(() => billaged.telemetry.metricsUrl);

  beforeAll(async () => {
    const { openSqliteLedger } = await import('@vmobs/billaged-sim/ledger');
    const ledger = openSqliteLedger({ path: ':memory:' });
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
        async append(batch) {
          failIfBroken();
          return ledger.append(batch);
        },
        async stop(notice) {
          const usage = await ledger.stop(notice);
          return usage && notice.vmId === 'ud-fault' ? { ...usage, endNanos: 10n ** 30n } : usage;
        },
        tracked(since) {
          failIfBroken();
          return ledger.tracked(since);
        },
      },
    });
  });
  afterAll(() => billaged.close());

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
    const { moves } = watchMovements(() => billaged.telemetry.metricsUrl);
    expect(await moves('billaged_metrics_duplicate_total', {}, sendTwo)).toBe(2);
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
    expect([...seen].sort()).toEqual(Object.keys(billagedContract).sort());
  });
});

describe('every metric that billaged has besides moves when what it counts happens', () => {
  const folder = mkdtempSync(join(tmpdir(), 'billaged-'));
  let billaged: Billaged;
  let second = Math.floor(Date.now() / 1_000) - 3_600;
  const { seen, moves, value } = watchMovements(() => billaged.telemetry.metricsUrl);

  beforeAll(async () => {
    const database = join(folder, 'billaged.db');
    billaged = await startBillaged({
      port: 0,
      metricsPort: 0,
      logLevel: 'silent',
      maxBatchesInFlight: 2,
      database,
      simControl: true,
    });
  });
  afterAll(async () => {
    await billaged.close();
    rmSync(folder, { recursive: true });
  });

  const send = (seconds: readonly number[]) =>
    billingClient(billaged.url).sendMetricsBatch({
      vmId: 'ud-1',
      customerId: 'acme',
      metrics: seconds.map((at) => ({ timestamp: { seconds: BigInt(at) }, cpuTimeNanos: 1n })),
    });
  const sendOne = () => send([++second]);
  const fault = (name: string, method: string, body?: object) =>
    fetch(`${billaged.url}/sim/faults/${name}`, { method, ...(body && { body: JSON.stringify(body) }) });

  test('the ledger', async () => {
    expect(await moves('billaged_ledger_commit_duration_seconds', {}, sendOne)).toBe(1);
    // The log has room for some commits from its last use.
    const sendMany = async () => {
      for (let count = 0; count < 60; count++) await sendOne();
    };
    expect(await moves('billaged_ledger_size_bytes', {}, sendMany)).toBeGreaterThan(0);
    const ballast = () => writeFile(join(folder, 'ballast'), new Uint8Array(8 * 1024 ** 2));
    expect(await moves('billaged_ledger_disk_free_bytes', {}, ballast)).not.toBe(0);
  });

  test('samples that are not billed', async () => {
    const ahead = Math.floor(Date.now() / 1_000) + 600;
    expect(await moves('billaged_metrics_refused_total', { reason: 'future' }, () => send([++second, ahead]))).toBe(1);
    expect(await moves('billaged_metrics_duplicate_total', {}, () => send([second]))).toBe(1);
    const gap = () => billingClient(billaged.url).notifyPossibleGap({ vmId: 'ud-1', lastSent: 1n, resumeTime: 2n });
    expect(await moves('billaged_gap_notifications_total', {}, gap)).toBe(1);
  });

  test('the API', async () => {
    const labels = { method: 'SendMetricsBatch', code: 'ok' };
    expect(await moves('billaged_api_requests_total', labels, sendOne)).toBe(1);
    expect(await moves('billaged_api_duration_seconds', { method: 'SendMetricsBatch' }, sendOne)).toBe(1);
    const failure = { method: 'SendMetricsBatch', code: 'unavailable' };
    await fault('ledger-unavailable', 'PUT');
    expect(await moves('billaged_api_errors_total', failure, () => expectFailure(sendOne()))).toBe(1);
    await fault('ledger-unavailable', 'DELETE');
  });

  test('batches in flight, their limits, and those that are refused', async () => {
    expect(await value('billaged_batches_in_flight_limit')).toBe(2);
    expect(await value('billaged_batches_in_flight_limit_bytes')).toBe(64 * 1024 ** 2);
    await fault('slow-processing', 'PUT', { size: 60_000 });
    const held: Promise<unknown>[] = [];
    const hold = async () => void held.push(sendOne());
    expect(await moves('billaged_batches_in_flight', {}, hold)).toBe(1);
    expect(await moves('billaged_batches_in_flight_bytes', {}, hold)).toBeGreaterThan(0);
    const refuse = () => expectFailure(sendOne());
    expect(await moves('billaged_batches_refused_total', { reason: 'batches' }, refuse)).toBe(1);
    await fault('slow-processing', 'DELETE');
    await Promise.all(held);
  });

  test('no metric of billaged was left out', () => {
    const names = billaged.telemetry.metrics.entries
      .map(({ name }) => name)
      .filter((name) => name.startsWith('billaged_'));
    const guide = Object.keys(billagedContract);
    expect([...seen].sort()).toEqual(names.filter((name) => !guide.includes(name)).sort());
  });
});
