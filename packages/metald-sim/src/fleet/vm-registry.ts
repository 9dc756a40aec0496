import { FleetError } from './fleet-error.ts';
import type { createFleetMeters } from './used-in-fleet.ts';
import { TableVm } from './vm.ts';
import type { VmTable } from './vm-table.ts';
import type { Machine } from './workload.ts';

/** A VM to create. */
export interface NewVm<Config> {
  readonly customerId: string;
  readonly config: Config;
  readonly machine: Machine;
}

/** The VMs that exist on a host, by id and by slot. */
export interface VmRegistry<Config> {
  readonly size: number;
  /** All VMs in the order of their creation. */
  all(): Iterable<TableVm<Config>>;
  /** @throws FleetError `not_found` */
  get(vmId: string): TableVm<Config>;
  /** The VM of a slot. */
  at(slot: number): TableVm<Config> | undefined;
  /** Adds a VM in the first state, with a row in the table and a meter. */
  add(vm: NewVm<Config>, id: string): TableVm<Config>;
  /** Removes a VM; what it has used remains known, and the object keeps its last values. */
  remove(vm: TableVm<Config>): void;
}

/** Options of `createVmRegistry`. */
export interface VmRegistryOptions {
  readonly table: VmTable;
  readonly meters: ReturnType<typeof createFleetMeters>;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Makes an empty registry. */
export function createVmRegistry<Config>({ table, meters, now }: VmRegistryOptions): VmRegistry<Config> {
  const vms = new Map<string, TableVm<Config>>();
  const bySlot: (TableVm<Config> | undefined)[] = [];
  let nextOrdinal = 0;

  return {
    get size() {
      return vms.size;
    },
    all: () => vms.values(),
    get(vmId) {
      const vm = vms.get(vmId);
      if (vm === undefined) throw new FleetError('not_found', `VM ${vmId} does not exist`);
      return vm;
    },
    at: (slot) => bySlot[slot],
    add({ customerId, config, machine }, id) {
      const unixMs = now();
      const ordinal = nextOrdinal++;
      const slot = table.add({ ordinal, machine, unixMs });
      meters.begin(slot);
      const vm = new TableVm(table, { id, ordinal, customerId, config, machine, createdAtMs: unixMs, slot });
      bySlot[slot] = vm;
      vms.set(id, vm);
      return vm;
    },
    remove(vm) {
      meters.end(vm);
      vm.detach();
      vms.delete(vm.id);
      bySlot[vm.slot] = undefined;
      table.release(vm.slot);
    },
  };
}
