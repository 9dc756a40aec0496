import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { BillingService } from '@vmobs/wire/billing';
import { VmService } from '@vmobs/wire/vmprovisioner';

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

/** A client of billaged, generated from the wire protocol. */
export function billingClient(url: string, useBinaryFormat = true) {
  return createClient(BillingService, createConnectTransport({ baseUrl: url, httpVersion: '1.1', useBinaryFormat }));
}
