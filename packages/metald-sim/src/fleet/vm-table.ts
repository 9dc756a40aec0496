import { byteLengthOf, lengthen } from './growable-columns.ts';
import { profiles } from './profiles.ts';
import { type VmState, vmStates } from './state-machine.ts';
import { type Usage, usageWidth } from './usage.ts';
import { createWorkload, type Machine } from './workload.ts';

const runningState = vmStates.indexOf('running');

/** What `Vm.workload` is, one object a profile. */
const workloads = profiles.map(({ name }) => ({ profile: name }));
const noWorkload = { profile: 'none' };

/** The numbers of a fleet, by slot. A row of usage is `usageWidth` numbers from `slot * usageWidth` on. */
function allocate(capacity: number) {
  return {
    /** Place of the state in `vmStates`. */
    state: new Uint8Array(capacity),
    /** 1 while an operation is under way. */
    busy: new Uint8Array(capacity),
    profile: new Uint8Array(capacity),
    /** Which life it is in: 0 before the first boot. */
    life: new Uint32Array(capacity),
    ordinal: new Float64Array(capacity),
    key: new Uint32Array(capacity),
    vcpus: new Float64Array(capacity),
    memoryBytes: new Float64Array(capacity),
    modifiedAtMs: new Float64Array(capacity),
    bootedAtMs: new Float64Array(capacity),
    /** Until when usage has been counted. */
    untilMs: new Float64Array(capacity),
    /** When this life would have begun if it had never been paused. */
    originMs: new Float64Array(capacity),
    /** Which second of its life `step` is of. */
    second: new Float64Array(capacity),
    utilisation: new Float64Array(capacity),
    base: new Float64Array(capacity * usageWidth),
    step: new Float64Array(capacity * usageWidth),
  };
}

/** What a VM is made of when it comes into the table. */
export interface VmRow {
  readonly ordinal: number;
  readonly machine: Machine;
  readonly unixMs: number;
}

/** What changes about a VM, at a moment. */
export interface VmNow {
  readonly state: VmState;
  readonly isBusy: boolean;
  readonly modifiedAtMs: number;
  readonly bootedAtMs: number;
  readonly usage: Usage;
  readonly usageUntilMs: number;
}

/** The state of all VMs in typed arrays. A VM has a slot while it exists; then another may have it. */
export type VmTable = ReturnType<typeof createVmTable>;

/** Makes an empty table. */
export function createVmTable(seed: number) {
  const workload = createWorkload(seed);
  const row = new Float64Array(usageWidth);
  const free: number[] = [];
  let capacity = 64;
  let columns = allocate(capacity);
  let slotCount = 0;
  /** VMs in each state, by its place in `vmStates`. */
  const counts = vmStates.map(() => 0);

  function moveState(slot: number, to: number): void {
    const from = columns.state[slot] ?? 0;
    counts[from] = (counts[from] ?? 0) - 1;
    counts[to] = (counts[to] ?? 0) + 1;
    columns.state[slot] = to;
  }

  function beginSecond(slot: number, second: number): void {
    columns.second[slot] = second;
    columns.utilisation[slot] = workload.beginSecond(
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

  /** Writes down what has been used until the last count, as a row of `usageFields` in whole units. */
  function readUsage(slot: number, into: Float64Array): void {
    const { base, step } = columns;
    const at = slot * usageWidth;
    const lifeMs = (columns.untilMs[slot] ?? 0) - (columns.originMs[slot] ?? 0);
    const partMs = lifeMs - 1_000 * (columns.second[slot] ?? 0);
    for (let field = 0; field < usageWidth; field += 1) {
      into[field] = (base[at + field] ?? 0) + Math.floor(((step[at + field] ?? 0) * partMs) / 1_000);
    }
  }

  const machineOf = (slot: number): Machine => ({
    vcpus: columns.vcpus[slot] ?? 0,
    memoryBytes: columns.memoryBytes[slot] ?? 0,
  });
  const stateOf = (slot: number): VmState => vmStates[columns.state[slot] ?? 0] ?? vmStates[0];
  const cpuPercentOf = (slot: number): number => 100 * (columns.utilisation[slot] ?? 0);

  return {
    /** Slots that were ever taken: all VMs are below. */
    get slotCount() {
      return slotCount;
    },
    /** Bytes of state that a VM takes in the columns. */
    get bytesPerVm() {
      return byteLengthOf(columns) / capacity;
    },

    /** Gives a VM a slot, in the first state. */
    add({ ordinal, machine, unixMs }: VmRow): number {
      const slot = free.pop() ?? slotCount++;
      if (slot >= capacity) {
        capacity *= 2;
        columns = lengthen(allocate, columns, capacity);
      }
      columns.state[slot] = 0;
      counts[0] = (counts[0] ?? 0) + 1;
      columns.busy[slot] = 0;
      columns.life[slot] = 0;
      columns.ordinal[slot] = ordinal;
      columns.profile[slot] = workload.profileOf(ordinal);
      columns.vcpus[slot] = machine.vcpus;
      columns.memoryBytes[slot] = machine.memoryBytes;
      for (const column of [columns.modifiedAtMs, columns.bootedAtMs, columns.untilMs, columns.originMs]) {
        column[slot] = unixMs;
      }
      columns.second[slot] = 0;
      columns.utilisation[slot] = 0;
      columns.step.fill(0, slot * usageWidth, (slot + 1) * usageWidth);
      workload.start(columns.base, slot * usageWidth, machine);
      return slot;
    },
    /** Takes the slot away; the VM that had it is gone. */
    release(slot: number): void {
      moveState(slot, 0);
      counts[0] = (counts[0] ?? 0) - 1;
      free.push(slot);
    },

    stateOf,
    /** How many VMs are in a state. */
    countIn: (state: VmState): number => counts[vmStates.indexOf(state)] ?? 0,
    setState(slot: number, state: VmState, unixMs: number): void {
      moveState(slot, vmStates.indexOf(state));
      columns.modifiedAtMs[slot] = unixMs;
    },
    setBusy(slot: number, isBusy: boolean): void {
      columns.busy[slot] = isBusy ? 1 : 0;
    },
    /** Which kind of load a VM has. */
    profileOf: (slot: number) => workloads[columns.profile[slot] ?? 0] ?? noWorkload,
    /** How often a VM has been booted. */
    lifeOf: (slot: number): number => columns.life[slot] ?? 0,
    bootedAtMs: (slot: number): number => columns.bootedAtMs[slot] ?? 0,
    /** Whether a VM uses resources: it runs and nothing is being done to it. */
    isRunning: (slot: number): boolean => columns.state[slot] === runningState && columns.busy[slot] === 0,

    /** Begins a life from zero. */
    boot(slot: number, unixMs: number): void {
      columns.life[slot] = (columns.life[slot] ?? 0) + 1;
      columns.key[slot] = workload.keyOf(columns.ordinal[slot] ?? 0, columns.life[slot] ?? 0);
      columns.bootedAtMs[slot] = unixMs;
      columns.originMs[slot] = unixMs;
      columns.untilMs[slot] = unixMs;
      workload.start(columns.base, slot * usageWidth, machineOf(slot));
      beginSecond(slot, 0);
    },
    /** Lets time pass in which nothing is used. */
    skipTo(slot: number, unixMs: number): void {
      columns.originMs[slot] = (columns.originMs[slot] ?? 0) + unixMs - (columns.untilMs[slot] ?? 0);
      columns.untilMs[slot] = unixMs;
    },
    /** Lets a VM use what it uses until a moment. A clock that was set back counts nothing until it has caught up. */
    countUntil(slot: number, unixMs: number): void {
      if (!(unixMs > (columns.untilMs[slot] ?? 0))) return;
      columns.untilMs[slot] = unixMs;
      const last = Math.floor((unixMs - (columns.originMs[slot] ?? 0)) / 1_000);
      const at = slot * usageWidth;
      for (let second = columns.second[slot] ?? 0; second < last; second += 1) {
        for (let field = at; field < at + usageWidth; field += 1) {
          columns.base[field] = (columns.base[field] ?? 0) + (columns.step[field] ?? 0);
        }
        beginSecond(slot, second + 1);
      }
    },
    readUsage,
    /** Usage at the beginning of a life, as a row of `usageFields`. */
    readInitialUsage(slot: number, into: Float64Array): void {
      workload.start(into, 0, machineOf(slot));
    },
    /** Load of the processors, 0 to 100. */
    cpuPercentOf,
    /** Everything that changes about a VM, as it is now. */
    read(slot: number): VmNow {
      readUsage(slot, row);
      const [
        cpuNanos = 0,
        memoryBytes = 0,
        diskReadBytes = 0,
        diskWriteBytes = 0,
        networkRxBytes = 0,
        networkTxBytes = 0,
      ] = row;
      return {
        state: stateOf(slot),
        isBusy: columns.busy[slot] === 1,
        modifiedAtMs: columns.modifiedAtMs[slot] ?? 0,
        bootedAtMs: columns.bootedAtMs[slot] ?? 0,
        usage: {
          cpuPercent: cpuPercentOf(slot),
          cpuNanos,
          memoryBytes,
          diskReadBytes,
          diskWriteBytes,
          networkRxBytes,
          networkTxBytes,
        },
        usageUntilMs: columns.untilMs[slot] ?? 0,
      };
    },
  };
}
