import { randomBytes } from 'node:crypto';
import { FleetError } from './fleet-error.ts';
import type { Hypervisor, Stop } from './hypervisor.ts';
import { allowedFrom, stateAfter, type VmOperation, type VmState, type VmTransition } from './state-machine.ts';
import { TableVm, type Vm } from './vm.ts';
import { createVmTable } from './vm-table.ts';
import type { Machine } from './workload.ts';

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

/** The VMs of a host as the sampler and the metrics see them: by slot, without an object for each. */
export interface FleetSlots<Config = unknown> {
  /** All VMs have slots below this number. Some slots may be empty. */
  readonly slotCount: number;
  /** Bytes that a VM takes in the table of the fleet. */
  readonly bytesPerVm: number;
  /** The VM of a slot. */
  vmAt(slot: number): Vm<Config> | undefined;
  /** Whether the VM of a slot uses resources: it runs, and no operation is under way. */
  isRunning(slot: number): boolean;
  /** How often the VM has been booted. Each time is a life: its counters begin at zero. */
  lifeOf(slot: number): number;
  /** When this life began, Unix time in milliseconds. */
  bootedAtMs(slot: number): number;
  /** Lets a running VM use what it uses until a moment. */
  countUntil(slot: number, unixMs: number): void;
  /** Writes a row of `usageFields` in whole units: what has been used in this life until the last count. */
  readUsage(slot: number, into: Float64Array): void;
  /** The same as it was when the life began. */
  readInitialUsage(slot: number, into: Float64Array): void;
  /** Load of the processors, 0 to 100. */
  cpuPercentOf(slot: number): number;
}

/** The VMs of one host. Every operation settles when the hypervisor is done, or throws a `FleetError`. */
export interface Fleet<Config> {
  create(vm: NewVm<Config>): Promise<Vm<Config>>;
  /** Takes in a VM that runs, without the hypervisor: what is there when the service starts. @throws FleetError `resource_exhausted` */
  adopt(vm: NewVm<Config>): Vm<Config>;
  /** @param customerId who is billed for it from now on; without it, who was to be before */
  boot(vmId: string, customerId?: string): Promise<Vm<Config>>;
  pause(vmId: string): Promise<Vm<Config>>;
  resume(vmId: string): Promise<Vm<Config>>;
  reboot(vmId: string): Promise<Vm<Config>>;
  /** @param stop how; without it the guest may take as long as it likes */
  shutdown(vmId: string, stop?: Stop): Promise<Vm<Config>>;
  delete(vmId: string): Promise<Vm<Config>>;
  /** The usage of what is given is counted until now. @throws FleetError `not_found` */
  get(vmId: string): Vm<Config>;
  /** All VMs in the order of their creation. */
  all(): Iterable<Vm<Config>>;
  /** The VMs that run, their usage counted until now. */
  running(): Iterable<Vm<Config>>;
  /** How many VMs are in each state. */
  countByState(): Readonly<Record<VmState, number>>;
  readonly slots: FleetSlots<Config>;
}

/** Makes an empty fleet. */
export function createFleet<Config>({ maxVms, seed, hypervisor, now }: FleetOptions): Fleet<Config> {
  const vms = new Map<string, TableVm<Config>>();
  const table = createVmTable(seed);
  const bySlot: (TableVm<Config> | undefined)[] = [];
  let nextOrdinal = 0;
  // CreateVm takes time, so VMs that are on their way count against the limit, too.
  let creating = 0;

  function get(vmId: string): TableVm<Config> {
    const vm = vms.get(vmId);
    if (vm === undefined) throw new FleetError('not_found', `VM ${vmId} does not exist`);
    return vm;
  }

  function makeRoom(): void {
    if (vms.size + creating < maxVms) return;
    throw new FleetError('resource_exhausted', `this host has its ${maxVms} VMs; delete one first`);
  }

  function add({ customerId, config, machine }: NewVm<Config>, id: string): TableVm<Config> {
    const unixMs = now();
    const ordinal = nextOrdinal++;
    const slot = table.add({ ordinal, machine, unixMs });
    const vm = new TableVm(table, { id, ordinal, customerId, config, machine, createdAtMs: unixMs, slot });
    bySlot[slot] = vm;
    vms.set(id, vm);
    return vm;
  }

  function remove(vm: TableVm<Config>): void {
    vm.detach();
    vms.delete(vm.id);
    bySlot[vm.slot] = undefined;
    table.release(vm.slot);
  }

  async function perform(operation: VmOperation, vmId: string, stop?: Stop): Promise<void> {
    try {
      await hypervisor.perform(operation, vmId, stop);
    } catch (cause) {
      throw new FleetError('internal', `the hypervisor could not ${operation} VM ${vmId}`, { cause, vmId });
    }
  }

  async function transition(
    operation: VmTransition,
    vmId: string,
    { stop, customerId }: { readonly stop?: Stop | undefined; readonly customerId?: string | undefined } = {},
  ): Promise<Vm<Config>> {
    const vm = get(vmId);
    const { slot, state, isBusy } = vm;
    if (isBusy) throw new FleetError('failed_precondition', `VM ${vmId} has another operation in progress`);
    const next = stateAfter(operation, state);
    if (next === undefined) {
      const allowed = allowedFrom(operation).join(' or ');
      throw new FleetError('failed_precondition', `cannot ${operation} VM ${vmId}: it is ${state}, not ${allowed}`);
    }
    countIfRunning(slot);
    table.setBusy(slot, true);
    try {
      await perform(operation, vmId, stop);
    } finally {
      table.setBusy(slot, false);
    }
    const unixMs = now();
    if (customerId !== undefined) vm.customerId = customerId;
    table.skipTo(slot, unixMs);
    if (operation === 'boot' || operation === 'reboot') table.boot(slot, unixMs);
    table.setState(slot, next === 'deleted' ? state : next, unixMs);
    if (next === 'deleted') remove(vm);
    return vm;
  }

  function countIfRunning(slot: number): void {
    if (table.isRunning(slot)) table.countUntil(slot, now());
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
      return add(newVm, id);
    },
    adopt(newVm) {
      makeRoom();
      const vm = add(newVm, newVmId());
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
      const vm = get(vmId);
      countIfRunning(vm.slot);
      return vm;
    },
    all: () => vms.values(),
    *running() {
      const unixMs = now();
      for (const vm of vms.values()) {
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
    slots: {
      get slotCount() {
        return table.slotCount;
      },
      get bytesPerVm() {
        return table.bytesPerVm;
      },
      vmAt: (slot) => bySlot[slot],
      isRunning: table.isRunning,
      lifeOf: table.lifeOf,
      bootedAtMs: table.bootedAtMs,
      countUntil: table.countUntil,
      readUsage: table.readUsage,
      readInitialUsage: table.readInitialUsage,
      cpuPercentOf: table.cpuPercentOf,
    },
  };
}

/** An id in the form of the real metald. Not from the seed: two hosts with the same seed are billed apart. */
function newVmId(): string {
  return `ud-${randomBytes(8).toString('hex')}`;
}
