import type { VmState } from './state-machine.ts';
import type { Usage } from './usage.ts';
import type { VmNow, VmTable } from './vm-table.ts';
import type { Machine } from './workload.ts';

/** One VM. Its changing properties are read from the fleet at each access; a deleted VM keeps its last values. */
export interface Vm<Config = unknown> extends VmNow {
  readonly id: string;
  /** Rises with each VM that is created: the order of lists. */
  readonly ordinal: number;
  /** The customer that is billed for it; its boot may change it. */
  readonly customerId: string;
  /** The configuration as the client has sent it. */
  readonly config: Config;
  readonly machine: Machine;
  readonly workload: { readonly profile: string };
  readonly createdAtMs: number;
  /** Its index in the tables of the fleet. Another VM may get it once this one is deleted. */
  readonly slot: number;
}

/** The properties of a VM that do not change. */
export type VmIdentity<Config> = Omit<Vm<Config>, keyof VmNow | 'workload'>;

/**
 * A VM that reads from a slot of the table. A class, so that a hundred thousand of them share one set of accessors: an
 * object has only the properties that do not change.
 */
export class TableVm<Config> implements Vm<Config> {
  readonly id: string;
  readonly ordinal: number;
  customerId: string;
  readonly config: Config;
  readonly machine: Machine;
  readonly createdAtMs: number;
  readonly slot: number;
  readonly workload: { readonly profile: string };
  readonly #table: VmTable;
  #last: VmNow | undefined;

  constructor(table: VmTable, { id, ordinal, customerId, config, machine, createdAtMs, slot }: VmIdentity<Config>) {
    this.id = id;
    this.ordinal = ordinal;
    this.customerId = customerId;
    this.config = config;
    this.machine = machine;
    this.createdAtMs = createdAtMs;
    this.slot = slot;
    this.workload = table.profileOf(slot);
    this.#table = table;
  }

  /** Keeps the current values, before another VM gets the slot. */
  detach(): void {
    this.#last = this.#now;
  }

  get state(): VmState {
    return this.#last?.state ?? this.#table.stateOf(this.slot);
  }
  get isBusy(): boolean {
    return this.#now.isBusy;
  }
  get modifiedAtMs(): number {
    return this.#now.modifiedAtMs;
  }
  get bootedAtMs(): number {
    return this.#now.bootedAtMs;
  }
  get usage(): Usage {
    return this.#now.usage;
  }
  get usageUntilMs(): number {
    return this.#now.usageUntilMs;
  }

  get #now(): VmNow {
    return this.#last ?? this.#table.read(this.slot);
  }
}
