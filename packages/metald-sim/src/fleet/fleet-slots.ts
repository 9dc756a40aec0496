import type { createFleetMeters } from './used-in-fleet.ts';
import type { Vm } from './vm.ts';
import type { VmTable } from './vm-table.ts';

/** The VMs of a host as the sampler and the metrics read them: by slot, without an object per VM. */
export interface FleetSlots<Config = unknown> {
  /** All slots are below this number. Some may be empty. */
  readonly slotCount: number;
  /** Bytes of a VM in the table of the fleet. */
  readonly bytesPerVm: number;
  /** The VM of a slot. */
  vmAt(slot: number): Vm<Config> | undefined;
  /** Whether the VM of a slot uses resources: it runs, and no operation is under way. */
  isRunning(slot: number): boolean;
  /** How often the VM has been booted, reboots included. Its counters begin at zero with each boot. */
  bootEpochOf(slot: number): number;
  /** When this boot began, Unix time in milliseconds. */
  bootedAtMs(slot: number): number;
  /** Counts the usage of a running VM until a time. */
  countUntil(slot: number, unixMs: number): void;
  /** Writes a row of `usageFields` in whole units: what this boot has used until the last count. */
  readUsage(slot: number, into: Float64Array): void;
  /**
   * Takes a sample of a running VM: counts its usage until a time, then writes a row of `usageFields`. `Fleet.used`
   * records the sample.
   */
  takeSample(slot: number, unixMs: number, into: Float64Array): void;
  /** Takes a sample of the beginning of this boot, at zero; its time may be later. */
  takeFirstSample(slot: number, unixMs: number, into: Float64Array): void;
  /** Load of the processors, 0 to 100. */
  cpuPercentOf(slot: number): number;
}

/** What the slots of a fleet are read from. */
export interface FleetSlotsOptions<Config> {
  readonly table: VmTable;
  readonly meters: ReturnType<typeof createFleetMeters>;
  /** The VM of a slot. */
  readonly vmAt: (slot: number) => Vm<Config> | undefined;
}

/** Makes the view of a fleet by slot. */
export function createFleetSlots<Config>({ table, meters, vmAt }: FleetSlotsOptions<Config>): FleetSlots<Config> {
  return {
    get slotCount() {
      return table.slotCount;
    },
    get bytesPerVm() {
      return table.bytesPerVm;
    },
    vmAt,
    isRunning: (slot) => table.isRunning(slot),
    bootEpochOf: (slot) => table.bootEpochOf(slot),
    bootedAtMs: (slot) => table.bootedAtMs(slot),
    countUntil: (slot, unixMs) => table.countUntil(slot, unixMs),
    readUsage: (slot, into) => table.readUsage(slot, into),
    takeSample(slot, unixMs, into) {
      table.countUntil(slot, unixMs);
      table.readUsage(slot, into);
      meters.noteSample(slot, unixMs, into);
    },
    takeFirstSample(slot, unixMs, into) {
      table.readInitialUsage(slot, into);
      meters.noteSample(slot, unixMs, into);
    },
    cpuPercentOf: (slot) => table.cpuPercentOf(slot),
  };
}
