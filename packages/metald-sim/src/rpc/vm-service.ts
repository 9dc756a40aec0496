import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
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
import { nameSubject } from './name-vm.ts';
import { toWireState } from './states.ts';
import { validateConfig } from './validate-config.ts';

/** Options of `createVmService`. */
export interface VmServiceOptions {
  readonly fleet: Fleet<VmConfig>;
  readonly billing: Billing;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  /** What runs the VMs, as `GetVmInfo` names it. */
  readonly backend: string;
  /** Reaches what runs the VMs. @throws Error when it cannot be reached */
  readonly pingBackend: () => Promise<void>;
}

/** Makes the implementation of `vmprovisioner.v1.VmService`. */
export function createVmService(options: VmServiceOptions): ServiceImpl<typeof VmService> {
  const { fleet, billing, metrics, logger, backend, pingBackend } = options;

  /** Does one operation: counts how it ended and gives its error the code that the API documents. */
  async function operate(
    { operation, vmId }: { readonly operation: VmOperation; readonly vmId?: string },
    { values }: HandlerContext,
    work: () => Promise<Vm<VmConfig>>,
  ): Promise<Vm<VmConfig>> {
    try {
      const vm = await work();
      metrics.vmOperations.inc({ operation, status: 'success' });
      nameSubject(values, { customerId: vm.customerId, vmId: vmId === vm.id ? undefined : vm.id });
      logger.info({ operation, vm_id: vm.id, customer_id: vm.customerId, state: vm.state }, 'vm operation');
      return vm;
    } catch (error) {
      metrics.vmOperations.inc({ operation, status: 'failed' });
      if (!vmId && error instanceof FleetError) nameSubject(values, { vmId: error.vmId });
      throw asConnectError(error);
    }
  }

  function asConnectError(error: unknown): unknown {
    if (!(error instanceof FleetError)) return error;
    if (error.code === 'internal') metrics.errors.inc({ component: 'backend' });
    return new ConnectError(error.message, connectCodes[error.code], undefined, undefined, error.cause);
  }

  /** Whoever boots a VM is billed for it, as in the real metald; who does not say is billed as whoever created it. */
  async function bootVm(vmId: string, { requestHeader }: HandlerContext): Promise<Vm<VmConfig>> {
    const acceptedAt = performance.now();
    const customerId = customerOfRequest(requestHeader);
    const vm = await fleet.boot(vmId, customerId);
    metrics.vmBootDuration.observe((performance.now() - acceptedAt) / 1_000);
    if (customerId === undefined && vm.customerId === defaultCustomer) {
      const subject = { operation: 'boot', vm_id: vmId, customer_id: defaultCustomer };
      logger.warn(subject, 'no request names a tenant_id in its baggage, so the default customer is billed');
    }
    billing.vmStarted(vm);
    return vm;
  }

  /** No sample is taken once the hypervisor has begun to stop a VM, as in the real metald. */
  async function shutdownVm(vmId: string, graceSeconds: number): Promise<Vm<VmConfig>> {
    const vm = await fleet.shutdown(vmId, {
      graceSeconds,
      onOverdue() {
        const subject = { operation: 'shutdown', vm_id: vmId, timeout_seconds: graceSeconds };
        logger.warn(subject, 'guest did not end in time, its vm is switched off');
      },
    });
    billing.vmStopped(vm);
    return vm;
  }

  async function deleteVm(vmId: string, force: boolean): Promise<Vm<VmConfig>> {
    const { state } = fleet.get(vmId);
    if (force && (state === 'running' || state === 'paused')) await shutdownVm(vmId, 0);
    return fleet.delete(vmId);
  }

  function createVm(requested: VmConfig | undefined, { requestHeader }: HandlerContext): Promise<Vm<VmConfig>> {
    const { config, machine } = validateConfig(requested);
    return fleet.create({ config, machine, customerId: customerOfRequest(requestHeader) ?? defaultCustomer });
  }

  /** What a VM uses is known to the hypervisor alone. */
  async function readBackend(vmId: string): Promise<void> {
    try {
      await pingBackend();
    } catch (cause) {
      throw new FleetError('internal', `the hypervisor could not be asked about VM ${vmId}`, { cause, vmId });
    }
  }

  /** The answer of most operations: where the VM is now. */
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
      const vm = await operate({ operation: 'create' }, context, async () => createVm(config, context));
      return { vmId: vm.id, state: toWireState(vm.state) };
    },
    bootVm: (request, context) => change('boot', request, context, (vmId) => bootVm(vmId, context)),
    pauseVm: (request, context) => change('pause', request, context, fleet.pause),
    resumeVm: (request, context) => change('resume', request, context, fleet.resume),
    rebootVm: (request, context) => change('reboot', request, context, fleet.reboot),
    shutdownVm(request, context) {
      const { force, timeoutSeconds } = request;
      nameSubject(context.values, { force, timeoutSeconds });
      return change('shutdown', request, context, (vmId) => shutdownVm(vmId, graceOf(force, timeoutSeconds)));
    },
    async deleteVm(request, context) {
      const { success } = await change('delete', request, context, (vmId) => deleteVm(vmId, request.force));
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

const connectCodes: Readonly<Record<FleetErrorCode, Code>> = {
  not_found: Code.NotFound,
  failed_precondition: Code.FailedPrecondition,
  resource_exhausted: Code.ResourceExhausted,
  internal: Code.Internal,
};

/** Seconds that a guest has to end by itself when a request does not say, as before a reboot in the real metald. */
const defaultGraceSeconds = 30;

/** @throws ConnectError `invalid_argument` for a time below zero */
function graceOf(force: boolean, timeoutSeconds: number): number {
  if (timeoutSeconds < 0) throw new ConnectError('timeout_seconds must not be negative', Code.InvalidArgument);
  return force ? 0 : timeoutSeconds || defaultGraceSeconds;
}

function requireVmId(vmId: string): string {
  if (vmId === '') throw new ConnectError('vm_id is required', Code.InvalidArgument);
  return vmId;
}
