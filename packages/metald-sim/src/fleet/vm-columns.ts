import { usageWidth } from './usage.ts';
import type { Machine } from './workload.ts';

/** The numbers of the VMs of a fleet, by slot. */
export type VmColumns = ReturnType<typeof allocateVmColumns>;

/** Makes columns of zeros. A row of usage is `usageWidth` numbers from `slot * usageWidth` on. */
export function allocateVmColumns(capacity: number) {
  return {
    /** Index of the state in `vmStates`. */
    state: new Uint8Array(capacity),
    /** 1 while an operation is under way. */
    busy: new Uint8Array(capacity),
    profile: new Uint8Array(capacity),
    /** How often it was booted; 0 before the first boot. */
    bootEpoch: new Uint32Array(capacity),
    ordinal: new Float64Array(capacity),
    key: new Uint32Array(capacity),
    vcpus: new Float64Array(capacity),
    memoryBytes: new Float64Array(capacity),
    modifiedAtMs: new Float64Array(capacity),
    bootedAtMs: new Float64Array(capacity),
    /** Until when usage has been counted. */
    untilMs: new Float64Array(capacity),
    /** When this boot would have begun if the VM had never been paused. */
    originMs: new Float64Array(capacity),
    /** Which second of this boot `step` is for. */
    second: new Float64Array(capacity),
    utilisation: new Float64Array(capacity),
    base: new Float64Array(capacity * usageWidth),
    step: new Float64Array(capacity * usageWidth),
  };
}

/** A VM to add to the table. */
export interface VmRow {
  readonly ordinal: number;
  readonly machine: Machine;
  readonly unixMs: number;
}

/** Writes a VM that was never booted to a slot, in the first state. */
export function writeNewVm(
  columns: VmColumns,
  slot: number,
  profile: number,
  { ordinal, machine, unixMs }: VmRow,
): void {
  columns.state[slot] = 0;
  columns.busy[slot] = 0;
  columns.bootEpoch[slot] = 0;
  columns.ordinal[slot] = ordinal;
  columns.profile[slot] = profile;
  columns.vcpus[slot] = machine.vcpus;
  columns.memoryBytes[slot] = machine.memoryBytes;
  for (const column of [columns.modifiedAtMs, columns.bootedAtMs, columns.untilMs, columns.originMs]) {
    column[slot] = unixMs;
  }
  columns.second[slot] = 0;
  columns.utilisation[slot] = 0;
  columns.step.fill(0, slot * usageWidth, (slot + 1) * usageWidth);
}

/** Adds the usage of the current second to the usage before it. */
export function addStep({ base, step }: VmColumns, slot: number): void {
  const at = slot * usageWidth;
  for (let field = at; field < at + usageWidth; field += 1) base[field] = (base[field] ?? 0) + (step[field] ?? 0);
}

/** Writes the usage until the last count, as a row of `usageFields` in whole units. */
export function readUsageOf(columns: VmColumns, slot: number, into: Float64Array): void {
  const { base, step } = columns;
  const at = slot * usageWidth;
  const runMs = (columns.untilMs[slot] ?? 0) - (columns.originMs[slot] ?? 0);
  const partMs = runMs - 1_000 * (columns.second[slot] ?? 0);
  for (let field = 0; field < usageWidth; field += 1) {
    into[field] = (base[at + field] ?? 0) + Math.floor(((step[at + field] ?? 0) * partMs) / 1_000);
  }
}

/** The size of the VM of a slot. */
export function machineOf(columns: VmColumns, slot: number): Machine {
  return { vcpus: columns.vcpus[slot] ?? 0, memoryBytes: columns.memoryBytes[slot] ?? 0 };
}
