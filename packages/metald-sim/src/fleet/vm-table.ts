import { byteLengthOf, lengthen } from './growable-columns.ts';
import { profiles } from './profiles.ts';
import { type VmState, vmStates } from './state-machine.ts';
import { type Usage, usageWidth } from './usage.ts';
import { addStep, allocateVmColumns, machineOf, readUsageOf, type VmRow, writeNewVm } from './vm-columns.ts';
import { createWorkload } from './workload.ts';

const runningState = vmStates.indexOf('running');

/** The values of `Vm.workload`, one object per profile. */
const workloads = profiles.map(({ name }) => ({ profile: name }));
const noWorkload = { profile: 'none' };

/** The changing properties of a VM. */
export interface VmNow {
  readonly state: VmState;
  readonly isBusy: boolean;
  readonly modifiedAtMs: number;
  readonly bootedAtMs: number;
  readonly usage: Usage;
  readonly usageUntilMs: number;
}

/**
 * The state of all VMs in typed arrays. A VM has a slot while it exists; later another VM may get it. A class, because the
 * sampler reads its fields faster than the variables of a closure.
 */
export class VmTable {
  readonly #workload: ReturnType<typeof createWorkload>;
  readonly #row = new Float64Array(usageWidth);
  readonly #free: number[] = [];
  /** VMs in each state, by index in `vmStates`. */
  readonly #counts = vmStates.map(() => 0);
  #capacity = 64;
  #columns = allocateVmColumns(this.#capacity);
  #slotCount = 0;

  /** Makes an empty table. @param seed of the workloads */
  constructor(seed: number) {
    this.#workload = createWorkload(seed);
  }

  /** Slots that were ever used: all VMs are below this number. */
  get slotCount(): number {
    return this.#slotCount;
  }

  /** Bytes of a VM in the columns. */
  get bytesPerVm(): number {
    return byteLengthOf(this.#columns) / this.#capacity;
  }

  /** Adds a VM in the first state. @returns its slot */
  add(vm: VmRow): number {
    const slot = this.#free.pop() ?? this.#slotCount++;
    if (slot >= this.#capacity) {
      this.#capacity *= 2;
      this.#columns = lengthen(allocateVmColumns, this.#columns, this.#capacity);
    }
    this.#counts[0] = (this.#counts[0] ?? 0) + 1;
    writeNewVm(this.#columns, slot, this.#workload.profileOf(vm.ordinal), vm);
    this.#workload.start(this.#columns.base, slot * usageWidth, vm.machine);
    return slot;
  }

  /** Frees the slot of a deleted VM. */
  release(slot: number): void {
    this.#moveState(slot, 0);
    this.#counts[0] = (this.#counts[0] ?? 0) - 1;
    this.#free.push(slot);
  }

  stateOf(slot: number): VmState {
    return vmStates[this.#columns.state[slot] ?? 0] ?? vmStates[0];
  }

  /** How many VMs are in a state. */
  countIn(state: VmState): number {
    return this.#counts[vmStates.indexOf(state)] ?? 0;
  }

  setState(slot: number, state: VmState, unixMs: number): void {
    this.#moveState(slot, vmStates.indexOf(state));
    this.#columns.modifiedAtMs[slot] = unixMs;
  }

  setBusy(slot: number, isBusy: boolean): void {
    this.#columns.busy[slot] = isBusy ? 1 : 0;
  }

  /** The profile of a VM. */
  profileOf(slot: number) {
    return workloads[this.#columns.profile[slot] ?? 0] ?? noWorkload;
  }

  /** How often a VM has been booted. */
  bootEpochOf(slot: number): number {
    return this.#columns.bootEpoch[slot] ?? 0;
  }

  bootedAtMs(slot: number): number {
    return this.#columns.bootedAtMs[slot] ?? 0;
  }

  /** Whether a VM uses resources: it runs, and no operation is under way. */
  isRunning(slot: number): boolean {
    return this.#columns.state[slot] === runningState && this.#columns.busy[slot] === 0;
  }

  /** Begins a boot from zero. */
  boot(slot: number, unixMs: number): void {
    const columns = this.#columns;
    columns.bootEpoch[slot] = (columns.bootEpoch[slot] ?? 0) + 1;
    columns.key[slot] = this.#workload.keyOf(columns.ordinal[slot] ?? 0, columns.bootEpoch[slot] ?? 0);
    columns.bootedAtMs[slot] = unixMs;
    columns.originMs[slot] = unixMs;
    columns.untilMs[slot] = unixMs;
    this.#workload.start(columns.base, slot * usageWidth, machineOf(columns, slot));
    this.#beginSecond(slot, 0);
  }

  /** Skips to a time without counting usage. */
  skipTo(slot: number, unixMs: number): void {
    const { originMs, untilMs } = this.#columns;
    originMs[slot] = (originMs[slot] ?? 0) + unixMs - (untilMs[slot] ?? 0);
    untilMs[slot] = unixMs;
  }

  /** Counts the usage of a VM until a time. After the clock was set back nothing is counted until it has caught up. */
  countUntil(slot: number, unixMs: number): void {
    const columns = this.#columns;
    if (!(unixMs > (columns.untilMs[slot] ?? 0))) return;
    columns.untilMs[slot] = unixMs;
    const last = Math.floor((unixMs - (columns.originMs[slot] ?? 0)) / 1_000);
    for (let second = columns.second[slot] ?? 0; second < last; second += 1) {
      addStep(columns, slot);
      this.#beginSecond(slot, second + 1);
    }
  }

  /** Writes the usage until the last count, as a row of `usageFields` in whole units. */
  readUsage(slot: number, into: Float64Array): void {
    readUsageOf(this.#columns, slot, into);
  }

  /** Usage at the beginning of a boot, as a row of `usageFields`. */
  readInitialUsage(slot: number, into: Float64Array): void {
    this.#workload.start(into, 0, machineOf(this.#columns, slot));
  }

  /** Load of the processors, 0 to 100. */
  cpuPercentOf(slot: number): number {
    return 100 * (this.#columns.utilisation[slot] ?? 0);
  }

  /** The current values of all changing properties of a VM. */
  read(slot: number): VmNow {
    const columns = this.#columns;
    readUsageOf(columns, slot, this.#row);
    const [
      cpuNanos = 0,
      memoryBytes = 0,
      diskReadBytes = 0,
      diskWriteBytes = 0,
      networkRxBytes = 0,
      networkTxBytes = 0,
    ] = this.#row;
    return {
      state: this.stateOf(slot),
      isBusy: columns.busy[slot] === 1,
      modifiedAtMs: columns.modifiedAtMs[slot] ?? 0,
      bootedAtMs: columns.bootedAtMs[slot] ?? 0,
      usage: {
        cpuPercent: this.cpuPercentOf(slot),
        cpuNanos,
        memoryBytes,
        diskReadBytes,
        diskWriteBytes,
        networkRxBytes,
        networkTxBytes,
      },
      usageUntilMs: columns.untilMs[slot] ?? 0,
    };
  }

  #moveState(slot: number, to: number): void {
    const from = this.#columns.state[slot] ?? 0;
    this.#counts[from] = (this.#counts[from] ?? 0) - 1;
    this.#counts[to] = (this.#counts[to] ?? 0) + 1;
    this.#columns.state[slot] = to;
  }

  #beginSecond(slot: number, second: number): void {
    const columns = this.#columns;
    columns.second[slot] = second;
    columns.utilisation[slot] = this.#workload.beginSecond(
      columns,
      slot * usageWidth,
      {
        profile: columns.profile[slot] ?? 0,
        key: columns.key[slot] ?? 0,
        vcpus: columns.vcpus[slot] ?? 0,
        memoryBytes: columns.memoryBytes[slot] ?? 0,
      },
      second,
      (columns.originMs[slot] ?? 0) / 1_000 + second,
    );
  }
}
