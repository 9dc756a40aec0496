import { FleetError } from './fleet-error.ts';
import type { Hypervisor, Stop } from './hypervisor.ts';
import { allowedFrom, stateAfter, type VmOperation, type VmState, type VmTransition } from './state-machine.ts';
import type { createFleetMeters } from './used-in-fleet.ts';
import type { TableVm } from './vm.ts';
import type { VmRegistry } from './vm-registry.ts';
import type { VmTable } from './vm-table.ts';

/** Changes the state of VMs. Each change ends when the hypervisor has performed it, or throws a `FleetError`. */
export interface VmTransitions<Config> {
  /** Lets the hypervisor perform an operation. @throws FleetError `internal` when it cannot */
  perform(operation: VmOperation, vmId: string, stop?: Stop): Promise<void>;
  /** Performs an operation, then moves the VM to the state after it. */
  transition(operation: VmTransition, vmId: string, details?: TransitionDetails): Promise<TableVm<Config>>;
}

/** What a transition needs besides the VM. */
export interface TransitionDetails {
  /** How to shut down; by default the guest has unlimited time. */
  readonly stop?: Stop | undefined;
  /** The customer that is billed from now on; by default the one before. */
  readonly customerId?: string | undefined;
}

/** Options of `createVmTransitions`. */
export interface VmTransitionsOptions<Config> {
  readonly registry: VmRegistry<Config>;
  readonly table: VmTable;
  readonly meters: ReturnType<typeof createFleetMeters>;
  readonly hypervisor: Hypervisor;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Makes the transitions of the VMs of a registry. */
export function createVmTransitions<Config>(options: VmTransitionsOptions<Config>): VmTransitions<Config> {
  const { registry, table, meters, hypervisor, now } = options;

  async function perform(operation: VmOperation, vmId: string, stop?: Stop): Promise<void> {
    try {
      await hypervisor.perform(operation, vmId, stop);
    } catch (cause) {
      throw new FleetError('internal', `the hypervisor could not ${operation} VM ${vmId}`, { cause, vmId });
    }
  }

  /** While the VM is busy it uses nothing, so its usage is counted until now first. */
  async function performBusy(operation: VmOperation, { id, slot }: TableVm<Config>, stop?: Stop): Promise<void> {
    if (table.isRunning(slot)) table.countUntil(slot, now());
    table.setBusy(slot, true);
    try {
      await perform(operation, id, stop);
    } finally {
      table.setBusy(slot, false);
    }
  }

  return {
    perform,
    async transition(operation, vmId, { stop, customerId } = {}) {
      const vm = registry.get(vmId);
      const { slot, state } = vm;
      const next = nextState(operation, vm);
      await performBusy(operation, vm, stop);
      const unixMs = now();
      if (customerId !== undefined) vm.customerId = customerId;
      table.skipTo(slot, unixMs);
      if (operation === 'boot' || operation === 'reboot') {
        meters.endBoot(slot);
        table.boot(slot, unixMs);
      }
      table.setState(slot, next === 'deleted' ? state : next, unixMs);
      if (next === 'deleted') registry.remove(vm);
      return vm;
    },
  };
}

/** @throws FleetError `failed_precondition` when the VM is busy, or its state does not allow the operation */
function nextState(operation: VmTransition, { id, isBusy, state }: TableVm<unknown>): VmState | 'deleted' {
  if (isBusy) throw new FleetError('failed_precondition', `VM ${id} has another operation in progress`);
  const next = stateAfter(operation, state);
  if (next !== undefined) return next;
  const allowed = allowedFrom(operation).join(' or ');
  throw new FleetError('failed_precondition', `cannot ${operation} VM ${id}: it is ${state}, not ${allowed}`);
}
