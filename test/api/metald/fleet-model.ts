/*
 * The state machine as the documentation of metald has it, written without a look at the code: what a host of VMs
 * answers to calls of which some are still under way.
 */

/** What can be done to a VM that exists. */
export const changes = ['boot', 'pause', 'resume', 'reboot', 'shutdown', 'delete', 'force delete'] as const;
export type Change = (typeof changes)[number];

type State = 'created' | 'running' | 'paused' | 'shutdown';

/** Each line is an arrow of the documentation; without an arrow it is refused. */
const arrows: readonly (readonly [State, Change, State | 'gone'])[] = [
  ['created', 'boot', 'running'],
  ['running', 'pause', 'paused'],
  ['paused', 'resume', 'running'],
  ['running', 'reboot', 'running'],
  ['running', 'shutdown', 'shutdown'],
  ['paused', 'shutdown', 'shutdown'],
  ['created', 'delete', 'gone'],
  ['shutdown', 'delete', 'gone'],
];

/** What the model says of a call: an error at once, or what the hypervisor is asked to do. */
export type Expected = { readonly code: string } | { readonly begins: string };

interface ModelVm {
  state: State;
  /** The arrow that is under way. */
  moving?: { readonly change: Change; readonly to: State | 'gone' } | undefined;
  /** Whether it is deleted once it is shut down. */
  deleteNext: boolean;
}

/** A host in the model. */
export interface FleetModel {
  create(): Expected;
  change(vmId: string, change: Change): Expected;
  /** The hypervisor has ended what it was asked to do. @returns the code of the outcome, or what it is asked next */
  created(vmId: string, succeeded: boolean): string;
  changed(vmId: string, succeeded: boolean): { readonly code: string } | { readonly begins: string };
  /** The state of each VM, in the order of their creation. */
  states(): [vmId: string, state: string][];
}

/** Makes the model of a host with room for so many VMs. */
export function createFleetModel(room: number): FleetModel {
  const vms = new Map<string, ModelVm>();
  let creating = 0;

  function start(vm: ModelVm, change: Change): Expected {
    const arrow = arrows.find(([from, name]) => from === vm.state && name === change);
    if (vm.moving !== undefined || arrow === undefined) return { code: 'failed_precondition' };
    vm.moving = { change, to: arrow[2] };
    return { begins: change };
  }

  return {
    create() {
      if (vms.size + creating >= room) return { code: 'resource_exhausted' };
      creating += 1;
      return { begins: 'create' };
    },
    change(vmId, change) {
      const vm = vms.get(vmId);
      if (vm === undefined) return { code: 'not_found' };
      if (change !== 'force delete') return start(vm, change);
      if (vm.state !== 'running' && vm.state !== 'paused') return start(vm, 'delete');
      const expected = start(vm, 'shutdown');
      if ('begins' in expected) vm.deleteNext = true;
      return expected;
    },
    created(vmId, succeeded) {
      creating -= 1;
      if (succeeded) vms.set(vmId, { state: 'created', deleteNext: false });
      return succeeded ? 'ok' : 'internal';
    },
    changed(vmId, succeeded) {
      const vm = vms.get(vmId);
      if (vm?.moving === undefined) throw new Error(`nothing is under way on ${vmId}`);
      const { to } = vm.moving;
      const { deleteNext } = vm;
      vm.moving = undefined;
      vm.deleteNext = false;
      if (!succeeded) return { code: 'internal' };
      if (to === 'gone') vms.delete(vmId);
      else vm.state = to;
      return deleteNext ? start(vm, 'delete') : { code: 'ok' };
    },
    states: () => [...vms].map(([vmId, { state }]) => [vmId, state]),
  };
}
