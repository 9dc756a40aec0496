import { randomBytes } from 'node:crypto';
import { FleetError } from './fleet-error.ts';
import type { Hypervisor } from './hypervisor.ts';
import { allowedFrom, stateAfter, type VmOperation, type VmState, type VmTransition } from './state-machine.ts';
import { initialUsage } from './usage.ts';
import type { Vm } from './vm.ts';
import { createWorkload, type Machine } from './workload.ts';

/** Options of `createFleet`. */
export interface FleetOptions {
  /** Most VMs that exist at a time. */
  readonly maxVms: number;
  /** Seed of the workloads. */
  readonly seed: number;
  readonly hypervisor: Hypervisor;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** A VM to create. */
export interface NewVm<Config> {
  readonly customerId: string;
  readonly config: Config;
  readonly machine: Machine;
}

/** The VMs of one host. Every operation settles when the hypervisor is done, or throws a `FleetError`. */
export interface Fleet<Config> {
  create(vm: NewVm<Config>): Promise<Vm<Config>>;
  boot(vmId: string): Promise<Vm<Config>>;
  pause(vmId: string): Promise<Vm<Config>>;
  resume(vmId: string): Promise<Vm<Config>>;
  reboot(vmId: string): Promise<Vm<Config>>;
  shutdown(vmId: string): Promise<Vm<Config>>;
  delete(vmId: string): Promise<Vm<Config>>;
  /** @throws FleetError `not_found` */
  get(vmId: string): Vm<Config>;
  /** All VMs in the order of their creation. */
  all(): Iterable<Vm<Config>>;
  /** The VMs that run, their usage counted until now. */
  running(): Iterable<Vm<Config>>;
  /** How many VMs are in each state. */
  countByState(): Readonly<Record<VmState, number>>;
}

/** Makes an empty fleet. */
export function createFleet<Config>({ maxVms, seed, hypervisor, now }: FleetOptions): Fleet<Config> {
  const vms = new Map<string, Vm<Config>>();
  let nextOrdinal = 0;
  // CreateVm takes time, so VMs that are on their way count against the limit, too.
  let creating = 0;

  function get(vmId: string): Vm<Config> {
    const vm = vms.get(vmId);
    if (vm === undefined) throw new FleetError('not_found', `VM ${vmId} does not exist`);
    return vm;
  }

  async function perform(operation: VmOperation, vmId: string): Promise<void> {
    try {
      await hypervisor.perform(operation, vmId);
    } catch (cause) {
      throw new FleetError('internal', `the hypervisor could not ${operation} VM ${vmId}`, { cause });
    }
  }

  async function transition(operation: VmTransition, vmId: string): Promise<Vm<Config>> {
    const vm = get(vmId);
    if (vm.isBusy) throw new FleetError('failed_precondition', `VM ${vmId} has another operation in progress`);
    const next = stateAfter(operation, vm.state);
    if (next === undefined) {
      const allowed = allowedFrom(operation).join(' or ');
      throw new FleetError('failed_precondition', `cannot ${operation} VM ${vmId}: it is ${vm.state}, not ${allowed}`);
    }
    vm.isBusy = true;
    countUsage(vm);
    try {
      await perform(operation, vmId);
    } finally {
      vm.isBusy = false;
    }
    const time = now();
    vm.modifiedAtMs = time;
    vm.usageUntilMs = time;
    if (operation === 'boot' || operation === 'reboot') {
      vm.usage = initialUsage(vm.machine.memoryBytes);
      vm.workload.restart();
      vm.bootedAtMs = time;
    }
    if (next === 'deleted') vms.delete(vmId);
    else vm.state = next;
    return vm;
  }

  /** Lets the load of a running VM use what it uses between the last count and now. */
  function countUsage(vm: Vm<Config>): void {
    const time = now();
    const seconds = (time - vm.usageUntilMs) / 1_000;
    // A clock that was set back counts nothing until it has caught up.
    if (vm.state !== 'running' || seconds <= 0) return;
    vm.workload.advance(vm.usage, seconds, time / 1_000);
    vm.usageUntilMs = time;
  }

  return {
    async create({ customerId, config, machine }) {
      if (vms.size + creating >= maxVms) {
        throw new FleetError('resource_exhausted', `this host has its ${maxVms} VMs; delete one first`);
      }
      creating += 1;
      const id = `ud-${randomBytes(8).toString('hex')}`;
      try {
        await perform('create', id);
      } finally {
        creating -= 1;
      }
      const time = now();
      const ordinal = nextOrdinal++;
      const vm: Vm<Config> = {
        id,
        ordinal,
        customerId,
        config,
        machine,
        workload: createWorkload(machine, { seed, ordinal }),
        createdAtMs: time,
        modifiedAtMs: time,
        bootedAtMs: time,
        usageUntilMs: time,
        state: 'created',
        isBusy: false,
        usage: initialUsage(machine.memoryBytes),
      };
      vms.set(id, vm);
      return vm;
    },
    boot: (vmId) => transition('boot', vmId),
    pause: (vmId) => transition('pause', vmId),
    resume: (vmId) => transition('resume', vmId),
    reboot: (vmId) => transition('reboot', vmId),
    shutdown: (vmId) => transition('shutdown', vmId),
    delete: (vmId) => transition('delete', vmId),
    get,
    all: () => vms.values(),
    *running() {
      for (const vm of vms.values()) {
        if (vm.state !== 'running' || vm.isBusy) continue;
        countUsage(vm);
        yield vm;
      }
    },
    countByState() {
      const counts: Record<VmState, number> = { created: 0, running: 0, paused: 0, shutdown: 0 };
      for (const { state } of vms.values()) counts[state] += 1;
      return counts;
    },
  };
}
