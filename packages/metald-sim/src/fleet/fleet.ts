import { randomBytes } from 'node:crypto';
import { FleetError } from './fleet-error.ts';
import { createFleetSlots, type FleetSlots } from './fleet-slots.ts';
import type { Hypervisor, Stop } from './hypervisor.ts';
import type { VmState } from './state-machine.ts';
import { createFleetMeters, type UsedInFleet } from './used-in-fleet.ts';
import type { Vm } from './vm.ts';
import { createVmRegistry, type NewVm } from './vm-registry.ts';
import { VmTable } from './vm-table.ts';
import { createVmTransitions } from './vm-transitions.ts';

/** Options of `createFleet`. */
export interface FleetOptions {
  /** Most VMs that exist at a time. */
  readonly maxVms: number;
  /** Seed of the workloads. */
  readonly seed: number;
  readonly hypervisor: Hypervisor;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Deleted VMs whose exact usage is kept, under a kilobyte each. @default 10_000 */
  readonly rememberGone?: number;
}

/** The VMs of one host. Every operation ends when the hypervisor has performed it, or throws a `FleetError`. */
export interface Fleet<Config> {
  create(vm: NewVm<Config>): Promise<Vm<Config>>;
  /** Adds a running VM without the hypervisor, as at the start of the service. @throws FleetError `resource_exhausted` */
  adopt(vm: NewVm<Config>): Vm<Config>;
  /** @param customerId the customer that is billed from now on; by default the one before */
  boot(vmId: string, customerId?: string): Promise<Vm<Config>>;
  pause(vmId: string): Promise<Vm<Config>>;
  resume(vmId: string): Promise<Vm<Config>>;
  reboot(vmId: string): Promise<Vm<Config>>;
  /** @param stop how to shut down; by default the guest has unlimited time */
  shutdown(vmId: string, stop?: Stop): Promise<Vm<Config>>;
  delete(vmId: string): Promise<Vm<Config>>;
  /** A VM with its usage counted until now. @throws FleetError `not_found` */
  get(vmId: string): Vm<Config>;
  /** All VMs in the order of their creation. */
  all(): Iterable<Vm<Config>>;
  /** The running VMs, with their usage counted until now. */
  running(): Iterable<Vm<Config>>;
  /** How many VMs are in each state. */
  countByState(): Readonly<Record<VmState, number>>;
  readonly slots: FleetSlots<Config>;
  /** What the machines of its VMs have used. */
  readonly used: UsedInFleet;
}

/** Makes an empty fleet. */
export function createFleet<Config>(options: FleetOptions): Fleet<Config> {
  const { maxVms, seed, hypervisor, now, rememberGone = 10_000 } = options;
  const table = new VmTable(seed);
  const meters = createFleetMeters({ table, vms: () => registry.all(), now, rememberGone });
  const registry = createVmRegistry<Config>({ table, meters, now });
  const { perform, transition } = createVmTransitions<Config>({ registry, table, meters, hypervisor, now });
  const slots = createFleetSlots<Config>({ table, meters, vmAt: registry.at });
  // CreateVm takes time, so VMs that are being created count against the limit, too.
  let creating = 0;

  function makeRoom(): void {
    if (registry.size + creating < maxVms) return;
    throw new FleetError('resource_exhausted', `this host has reached its limit of ${maxVms} VMs; delete one first`);
  }

  return {
    async create(newVm) {
      makeRoom();
      creating += 1;
      const id = newVmId();
      try {
        await perform('create', id);
      } finally {
        creating -= 1;
      }
      return registry.add(newVm, id);
    },
    adopt(newVm) {
      makeRoom();
      const vm = registry.add(newVm, newVmId());
      table.boot(vm.slot, vm.createdAtMs);
      table.setState(vm.slot, 'running', vm.createdAtMs);
      return vm;
    },
    boot: (vmId, customerId) => transition('boot', vmId, { customerId }),
    pause: (vmId) => transition('pause', vmId),
    resume: (vmId) => transition('resume', vmId),
    reboot: (vmId) => transition('reboot', vmId),
    shutdown: (vmId, stop) => transition('shutdown', vmId, { stop }),
    delete: (vmId) => transition('delete', vmId),
    get(vmId) {
      const vm = registry.get(vmId);
      if (table.isRunning(vm.slot)) table.countUntil(vm.slot, now());
      return vm;
    },
    all: registry.all,
    *running() {
      const unixMs = now();
      for (const vm of registry.all()) {
        if (!table.isRunning(vm.slot)) continue;
        table.countUntil(vm.slot, unixMs);
        yield vm;
      }
    },
    countByState: () => ({
      created: table.countIn('created'),
      running: table.countIn('running'),
      paused: table.countIn('paused'),
      shutdown: table.countIn('shutdown'),
    }),
    slots,
    used: meters.used,
  };
}

/** An id in the format of the real metald. It does not depend on the seed: hosts with the same seed are billed apart. */
function newVmId(): string {
  return `ud-${randomBytes(8).toString('hex')}`;
}
