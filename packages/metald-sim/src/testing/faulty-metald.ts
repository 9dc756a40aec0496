import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { readSeries } from '@vmobs/testing';
import { VmService } from '@vmobs/wire/vmprovisioner';
import { expect, onTestFinished } from 'vitest';
import { type MetaldOptions, startMetald } from '../app.ts';
import { startRecordingBillaged } from './recording-billaged.ts';

/** How long a slow machine may take. */
export const patience = { timeout: 100_000, interval: 25 };

export const vmConfig = {
  cpu: { vcpuCount: 1 },
  memory: { sizeBytes: 1n << 30n },
  boot: { kernelPath: '/vmlinux' },
  storage: [{ path: '/rootfs', isRootDevice: true }],
};

/** A metald whose faults can be switched, for the length of one test. Its hypervisor takes no time. */
export async function startFaultyMetald(options: MetaldOptions = {}) {
  const metald = await startMetald({
    port: 0,
    metricsPort: 0,
    logLevel: 'silent',
    billingEnabled: false,
    simControl: true,
    hypervisor: { perform: async () => undefined },
    ...options,
  });
  onTestFinished(metald.close);
  const control = (method: string, fault = '', body?: object) =>
    fetch(`${metald.url}/sim/faults${fault && `/${fault}`}`, { method, ...(body && { body: JSON.stringify(body) }) });
  const api = createClient(VmService, createConnectTransport({ baseUrl: metald.url, httpVersion: '1.1' }));
  return {
    url: metald.url,
    control,
    api,
    createVm: async () => (await api.createVm({ config: vmConfig })).vmId,
    stateOf: async (vmId: string) => (await api.getVmInfo({ vmId })).state,
    async switchOn(fault: string, body: object = {}): Promise<void> {
      const response = await control('PUT', fault, body);
      if (!response.ok) throw new Error(await response.text());
    },
    async switchOff(fault: string): Promise<void> {
      await control('DELETE', fault);
    },
    /** The value of the first series with this beginning; NaN when there is none. */
    read: (series: string) => readSeries(metald.telemetry.metricsUrl, series),
  };
}

/** A metald that sends a batch for each five samples, a sample every 20 ms, of one VM. */
export async function startBillingMetald(options: MetaldOptions = {}) {
  const billaged = await startRecordingBillaged();
  const metald = await startFaultyMetald({
    billingEnabled: true,
    billingEndpoint: billaged.url,
    billingIntervalMs: 20,
    billingBatchSize: 5,
    vms: 1,
    ...options,
  });
  await expect.poll(() => billaged.batches.length, patience).toBeGreaterThan(0);
  return { ...metald, ...billaged, url: metald.url };
}
