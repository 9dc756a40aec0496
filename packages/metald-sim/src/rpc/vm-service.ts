import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import type { VmConfig, VmService } from '@vmobs/wire/vmprovisioner';
import type { Billing } from '../billing/billing.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { FleetError } from '../fleet/fleet-error.ts';
import type { VmOperation } from '../fleet/state-machine.ts';
import type { Vm } from '../fleet/vm.ts';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { createBilledFleet } from './billed-fleet.ts';
import { describeVm, summariseVm } from './describe-vm.ts';
import { pageOf } from './list-vms.ts';
import { nameSubject } from './name-vm.ts';
import { createOperationOutcome } from './operation-outcome.ts';
import { toWireState } from './states.ts';

/** Options of `createVmService`. */
export interface VmServiceOptions {
  readonly fleet: Fleet<VmConfig>;
  readonly billing: Billing;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  /** The hypervisor, as `GetVmInfo` names it. */
  readonly backend: string;
  /** Reaches the hypervisor. @throws Error when it cannot be reached */
  readonly pingBackend: () => Promise<void>;
}

/** Makes the implementation of `vmprovisioner.v1.VmService`. */
export function createVmService(options: VmServiceOptions): ServiceImpl<typeof VmService> {
  const { fleet, metrics, logger, backend, pingBackend } = options;
  const billed = createBilledFleet(options);
  const { operate, asConnectError } = createOperationOutcome(metrics, logger);

  /** Usage can be read only from the hypervisor. */
  async function readBackend(vmId: string): Promise<void> {
    try {
      await pingBackend();
    } catch (cause) {
      throw new FleetError('internal', `the hypervisor could not read VM ${vmId}`, { cause, vmId });
    }
  }

  /** The response of most operations: the new state of the VM. */
  async function change(
    operation: VmOperation,
    { vmId }: { readonly vmId: string },
    context: HandlerContext,
    work: (vmId: string) => Promise<Vm<VmConfig>>,
  ) {
    const { state } = await operate({ operation, vmId }, context, () => work(requireVmId(vmId)));
    return { success: true, state: toWireState(state) };
  }

  return {
    async createVm({ config }, context) {
      const vm = await operate({ operation: 'create' }, context, () => billed.create(config, context.requestHeader));
      return { vmId: vm.id, state: toWireState(vm.state) };
    },
    bootVm: (request, context) => change('boot', request, context, (vmId) => billed.boot(vmId, context.requestHeader)),
    pauseVm: (request, context) => change('pause', request, context, fleet.pause),
    resumeVm: (request, context) => change('resume', request, context, fleet.resume),
    rebootVm: (request, context) => change('reboot', request, context, fleet.reboot),
    shutdownVm(request, context) {
      const { force, timeoutSeconds } = request;
      nameSubject(context.values, { force, timeoutSeconds });
      return change('shutdown', request, context, (vmId) => billed.shutdown(vmId, graceOf(force, timeoutSeconds)));
    },
    async deleteVm(request, context) {
      const { success } = await change('delete', request, context, (vmId) => billed.delete(vmId, request.force));
      return { success };
    },
    async getVmInfo({ vmId }) {
      try {
        fleet.get(requireVmId(vmId));
        await readBackend(vmId);
        return describeVm(fleet.get(vmId), backend);
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

/** Seconds that a guest has to shut down if the request has no timeout, as before a reboot in the real metald. */
const defaultGraceSeconds = 30;

/** @throws ConnectError `invalid_argument` for a negative timeout */
function graceOf(force: boolean, timeoutSeconds: number): number {
  if (timeoutSeconds < 0) throw new ConnectError('timeout_seconds must not be negative', Code.InvalidArgument);
  return force ? 0 : timeoutSeconds || defaultGraceSeconds;
}

function requireVmId(vmId: string): string {
  if (vmId === '') throw new ConnectError('vm_id is required', Code.InvalidArgument);
  return vmId;
}
