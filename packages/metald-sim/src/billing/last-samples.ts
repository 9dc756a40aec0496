import { lengthen } from '../fleet/growable-columns.ts';
import type { Vm } from '../fleet/vm.ts';

function allocate(capacity: number) {
  return { bootEpoch: new Uint32Array(capacity), unixMs: new Float64Array(capacity) };
}

/** Makes the sampler's record of the last sample of each VM. A VM that gets the slot of another begins without one. */
export function createLastSamples() {
  const owners: (Vm | undefined)[] = [];
  let capacity = 64;
  let columns = allocate(capacity);

  return {
    /** Notes a sample of a VM: its boot epoch, and its time in Unix milliseconds. */
    note(vm: Vm, bootEpoch: number, unixMs: number): void {
      const { slot } = vm;
      while (slot >= capacity) {
        capacity *= 2;
        columns = lengthen(allocate, columns, capacity);
      }
      owners[slot] = vm;
      columns.bootEpoch[slot] = bootEpoch;
      columns.unixMs[slot] = unixMs;
    },
    /** Boot epoch of the last sample of a VM; 0 if there is none. */
    bootEpochOf: (vm: Vm): number => (owners[vm.slot] === vm ? (columns.bootEpoch[vm.slot] ?? 0) : 0),
    /** When the last sample of a VM was taken, in Unix milliseconds; 0 if there is none. */
    msOf: (vm: Vm): number => (owners[vm.slot] === vm ? (columns.unixMs[vm.slot] ?? 0) : 0),
  };
}
