import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { BillingService } from '@vmobs/wire/billing';
import { type BootVmResponse, VmService } from '@vmobs/wire/vmprovisioner';

/** A VM configuration that metald accepts. */
export const validConfig = {
  cpu: { vcpuCount: 2 },
  memory: { sizeBytes: 1024n ** 3n },
  boot: { kernelPath: '/vmlinux' },
  storage: [{ path: '/rootfs.ext4', isRootDevice: true }],
};

/** A client of metald, generated from the wire protocol. */
export function vmClient(url: string, useBinaryFormat = true) {
  return createClient(VmService, createConnectTransport({ baseUrl: url, httpVersion: '1.1', useBinaryFormat }));
}

/**
 * Boots VMs until metald is seen to be at it: on a slow machine the first ones may have booted before anybody has looked.
 *
 * @returns a function that waits for the answer
 */
export async function bootUnderWay(client: Client<typeof VmService>): Promise<() => Promise<BootVmResponse>> {
  for (;;) {
    const { vmId } = await client.createVm({ config: validConfig });
    const boot = client.bootVm({ vmId });
    const refusal = await client.pauseVm({ vmId }).then(() => '', String);
    if (refusal.includes('in progress')) return () => boot;
    await boot;
  }
}

/** A client of billaged, generated from the wire protocol. */
export function billingClient(url: string, useBinaryFormat = true) {
  return createClient(BillingService, createConnectTransport({ baseUrl: url, httpVersion: '1.1', useBinaryFormat }));
}
