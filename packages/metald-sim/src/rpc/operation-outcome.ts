import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import type { VmConfig } from '@vmobs/wire/vmprovisioner';
import { FleetError, type FleetErrorCode } from '../fleet/fleet-error.ts';
import type { VmOperation } from '../fleet/state-machine.ts';
import type { Vm } from '../fleet/vm.ts';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { nameSubject } from './name-vm.ts';

/** An operation of the API, and the VM that the request names. */
export interface RequestedOperation {
  readonly operation: VmOperation;
  readonly vmId?: string;
}

/** Reports how the operations of the API end: in metrics, logs and the error that the client gets. */
export interface OperationOutcome {
  /** Performs one operation: counts its outcome, and gives its error the code that the API documents. */
  operate(
    requested: RequestedOperation,
    context: HandlerContext,
    work: () => Promise<Vm<VmConfig>>,
  ): Promise<Vm<VmConfig>>;
  /** The error that the client gets; one of the backend is counted. */
  asConnectError(error: unknown): unknown;
}

/** Makes the report of the operations of a service. */
export function createOperationOutcome(metrics: MetaldMetrics, logger: Logger): OperationOutcome {
  function asConnectError(error: unknown): unknown {
    if (!(error instanceof FleetError)) return error;
    if (error.code === 'internal') metrics.errors.inc({ component: 'backend' });
    return new ConnectError(error.message, connectCodes[error.code], undefined, undefined, error.cause);
  }

  return {
    async operate({ operation, vmId }, { values }, work) {
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
    },
    asConnectError,
  };
}

const connectCodes: Readonly<Record<FleetErrorCode, Code>> = {
  not_found: Code.NotFound,
  failed_precondition: Code.FailedPrecondition,
  resource_exhausted: Code.ResourceExhausted,
  internal: Code.Internal,
};
