import type { VmState } from './state-machine.ts';
import type { Usage } from './usage.ts';
import type { VmNow, VmTable } from './vm-table.ts';
import type { Machine } from './workload.ts';

/** One VM. What changes about it is read from the fleet at each access; a VM that was deleted stays as it was last. */
export interface Vm<Config = unknown> extends VmNow {
  readonly id: string;
  /** Rises with each VM that is created: the order of lists. */
  readonly ordinal: number;
  /** Who is billed for it; its boot may still name another. */
  readonly customerId: string;
  /** What the client asked for, as it asked for it. */
  readonly config: Config;
  readonly machine: Machine;
  readonly workload: { readonly profile: string };
  readonly createdAtMs: number;
  /** Its place in the tables of the fleet. Once it is deleted another VM may have the same. */
  readonly slot: number;
}

/** What a VM has from its beginning to its end. */
export type VmIdentity<Config> = Omit<Vm<Config>, keyof VmNow | 'workload'>;

/**
 * A VM over a slot of the table. A class, so that a hundred thousand of them share one set of accessors: the only thing
 * that is kept for each is what does not change while it runs.
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

  /** Keeps what it is now, before its slot is given to another. */
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
