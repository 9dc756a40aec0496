import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { trace } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { VmConfig, VmService } from '@vmobs/wire/vmprovisioner';
import type { Billing } from '../billing/billing.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { FleetError, type FleetErrorCode } from '../fleet/fleet-error.ts';
import type { VmOperation } from '../fleet/state-machine.ts';
import type { Vm } from '../fleet/vm.ts';
import type { MetaldMetrics } from '../metrics.ts';
import { customerOfRequest, defaultCustomer } from './customer.ts';
import { describeVm, summariseVm } from './describe-vm.ts';
import { pageOf } from './list-vms.ts';
import { toWireState } from './states.ts';
import { validateConfig } from './validate-config.ts';

/** Options of `createVmService`. */
export interface VmServiceOptions {
  readonly fleet: Fleet<VmConfig>;
  readonly billing: Billing;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
}

/** Makes the implementation of `vmprovisioner.v1.VmService`. */
export function createVmService({ fleet, billing, metrics, logger }: VmServiceOptions): ServiceImpl<typeof VmService> {
  /** Does one operation: counts how it ended and gives its error the code that the API documents. */
  async function operate(operation: VmOperation, work: () => Promise<Vm<VmConfig>>): Promise<Vm<VmConfig>> {
    try {
      const vm = await work();
      metrics.vmOperations.inc({ operation, status: 'success' });
      trace.getActiveSpan()?.setAttribute('vm_id', vm.id);
      logger.info({ operation, vm_id: vm.id, customer_id: vm.customerId, state: vm.state }, 'vm operation');
      return vm;
    } catch (error) {
      metrics.vmOperations.inc({ operation, status: 'failed' });
      throw asConnectError(error);
    }
  }

  function asConnectError(error: unknown): unknown {
    if (!(error instanceof FleetError)) return error;
    if (error.code === 'internal') metrics.errors.inc({ component: 'backend' });
    return new ConnectError(error.message, connectCodes[error.code], undefined, undefined, error.cause);
  }

  async function bootVm(vmId: string): Promise<Vm<VmConfig>> {
    const acceptedAt = performance.now();
    const vm = await fleet.boot(requireVmId(vmId));
    metrics.vmBootDuration.observe((performance.now() - acceptedAt) / 1_000);
    billing.vmStarted(vm);
    return vm;
  }

  /** No sample is taken once the hypervisor has begun to stop a VM, as in the real metald. */
  async function shutdownVm(vmId: string): Promise<Vm<VmConfig>> {
    const vm = await fleet.shutdown(requireVmId(vmId));
    billing.vmStopped(vm);
    return vm;
  }

  async function deleteVm(vmId: string, force: boolean): Promise<Vm<VmConfig>> {
    const { state } = fleet.get(requireVmId(vmId));
    if (force && (state === 'running' || state === 'paused')) await shutdownVm(vmId);
    return fleet.delete(vmId);
  }

  return {
    async createVm({ config: requested }) {
      const vm = await operate('create', async () => {
        const { config, machine } = validateConfig(requested);
        const customerId = customerOfRequest();
        if (customerId === undefined)
          logger.warn({ customer_id: defaultCustomer }, 'request names no tenant_id in its baggage');
        return fleet.create({ config, machine, customerId: customerId ?? defaultCustomer });
      });
      return { vmId: vm.id, state: toWireState(vm.state) };
    },
    async bootVm({ vmId }) {
      const { state } = await operate('boot', () => bootVm(vmId));
      return { success: true, state: toWireState(state) };
    },
    async pauseVm({ vmId }) {
      const { state } = await operate('pause', () => fleet.pause(requireVmId(vmId)));
      return { success: true, state: toWireState(state) };
    },
    async resumeVm({ vmId }) {
      const { state } = await operate('resume', () => fleet.resume(requireVmId(vmId)));
      return { success: true, state: toWireState(state) };
    },
    async rebootVm({ vmId }) {
      const { state } = await operate('reboot', () => fleet.reboot(requireVmId(vmId)));
      return { success: true, state: toWireState(state) };
    },
    async shutdownVm({ vmId }) {
      const { state } = await operate('shutdown', () => shutdownVm(vmId));
      return { success: true, state: toWireState(state) };
    },
    async deleteVm({ vmId, force }) {
      await operate('delete', () => deleteVm(vmId, force));
      return { success: true };
    },
    getVmInfo({ vmId }) {
      try {
        return describeVm(fleet.get(requireVmId(vmId)));
      } catch (error) {
        throw asConnectError(error);
      }
    },
    listVms(request) {
      const { vms, nextPageToken, totalCount } = pageOf(fleet.all(), request);
      return { vms: vms.map(summariseVm), nextPageToken, totalCount };
    },
  };
}

const connectCodes: Readonly<Record<FleetErrorCode, Code>> = {
  not_found: Code.NotFound,
  failed_precondition: Code.FailedPrecondition,
  resource_exhausted: Code.ResourceExhausted,
  internal: Code.Internal,
};

function requireVmId(vmId: string): string {
  if (vmId === '') throw new ConnectError('vm_id is required', Code.InvalidArgument);
  return vmId;
}
