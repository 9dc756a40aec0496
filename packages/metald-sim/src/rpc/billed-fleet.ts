import type { Logger } from '@vmobs/telemetry';
import type { VmConfig } from '@vmobs/wire/vmprovisioner';
import type { Billing } from '../billing/billing.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Vm } from '../fleet/vm.ts';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { customerOfRequest, defaultCustomer } from './customer.ts';
import { validateConfig } from './validate-config.ts';

/** The operations of the fleet that concern a customer or its bill. */
export interface BilledFleet {
  /** @param requestHeader names the customer @throws ConnectError `invalid_argument` */
  create(config: VmConfig | undefined, requestHeader: Headers): Promise<Vm<VmConfig>>;
  /** The customer that boots a VM is billed for it, as in the real metald; by default the customer that created it. */
  boot(vmId: string, requestHeader: Headers): Promise<Vm<VmConfig>>;
  /** As in the real metald, there are no more samples once the hypervisor has begun to stop a VM. */
  shutdown(vmId: string, graceSeconds: number): Promise<Vm<VmConfig>>;
  /** @param force shuts the VM down first, without time for the guest */
  delete(vmId: string, force: boolean): Promise<Vm<VmConfig>>;
}

/** Options of `createBilledFleet`. */
export interface BilledFleetOptions {
  readonly fleet: Fleet<VmConfig>;
  readonly billing: Billing;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
}

/** Tells billing of the VMs that a fleet starts and stops. */
export function createBilledFleet({ fleet, billing, metrics, logger }: BilledFleetOptions): BilledFleet {
  async function shutdown(vmId: string, graceSeconds: number): Promise<Vm<VmConfig>> {
    const vm = await fleet.shutdown(vmId, {
      graceSeconds,
      onOverdue() {
        const subject = { operation: 'shutdown', vm_id: vmId, timeout_seconds: graceSeconds };
        logger.warn(subject, 'the guest did not shut down in time: its vm is switched off');
      },
    });
    billing.vmStopped(vm);
    return vm;
  }

  return {
    async create(requested, requestHeader) {
      const { config, machine } = validateConfig(requested);
      return fleet.create({ config, machine, customerId: customerOfRequest(requestHeader) ?? defaultCustomer });
    },
    async boot(vmId, requestHeader) {
      const acceptedAt = performance.now();
      const customerId = customerOfRequest(requestHeader);
      const vm = await fleet.boot(vmId, customerId);
      metrics.vmBootDuration.observe((performance.now() - acceptedAt) / 1_000);
      if (customerId === undefined && vm.customerId === defaultCustomer) {
        const subject = { operation: 'boot', vm_id: vmId, customer_id: defaultCustomer };
        logger.warn(subject, 'no tenant_id in the baggage of a request: the default customer is billed');
      }
      billing.vmStarted(vm);
      return vm;
    },
    shutdown,
    async delete(vmId, force) {
      const { state } = fleet.get(vmId);
      if (force && (state === 'running' || state === 'paused')) await shutdown(vmId, 0);
      return fleet.delete(vmId);
    },
  };
}
