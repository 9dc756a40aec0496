import type { Catalogue, SeriesRow } from '@vmobs/telemetry';
import type { FleetSlots } from '../fleet/fleet-slots.ts';
import { usageFields, usageWidth } from '../fleet/usage.ts';

const memory = usageFields.indexOf('memoryBytes');
const read = usageFields.indexOf('diskReadBytes');
const write = usageFields.indexOf('diskWriteBytes');

/** More VMs than one process can simulate. */
const mostVms = 2 ** 21;

/** Options of `observeVms`. */
export interface ObservedVms {
  readonly slots: FleetSlots;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Whether there are series for each VM. */
  readonly perVmSeries: boolean;
}

/** The VM of a slot at the last scrape. */
interface ShownVm {
  readonly vmId: string;
  readonly row: SeriesRow;
}

/** The series of VMs. */
export interface VmSeries {
  /** Makes the series of the VM of a slot before the first scrape. */
  show(slot: number): void;
}

/**
 * Defines the metrics with a series for each running VM, read from the columns of the fleet at each scrape: a VM that
 * boots has series at the next scrape, and a VM that stops has none.
 */
export function observeVms(catalogue: Catalogue, { slots, now, perVmSeries }: ObservedVms): VmSeries {
  const amounts = new Float64Array(usageWidth);
  /** By slot. */
  const shown: (ShownVm | undefined)[] = [];
  const diskIo = {
    name: 'metald_disk_io_bytes_total',
    help: 'Bytes that a running VM has read from and written to its disks since it was booted.',
    type: 'counter',
  } as const;
  const vms = catalogue.seriesTable({
    name: 'vms',
    labels: ['vm_id'],
    columns: {
      cpu: {
        name: 'metald_cpu_usage_percent',
        help: 'Load of the processors of a running VM, 0 to 100.',
        type: 'gauge',
      },
      memory: { name: 'metald_memory_usage_bytes', help: 'Memory that a running VM uses, in bytes.', type: 'gauge' },
      read: { ...diskIo, labels: { op: 'read' } },
      write: { ...diskIo, labels: { op: 'write' } },
    },
    maxRows: mostVms,
    beforeRead() {
      if (!perVmSeries) return;
      const unixMs = now();
      for (let slot = 0; slot < Math.max(slots.slotCount, shown.length); slot += 1) showSlot(slot, unixMs);
    },
  });

  function showSlot(slot: number, unixMs: number): void {
    const vm = slots.isRunning(slot) ? slots.vmAt(slot) : undefined;
    const before = shown[slot];
    if (before !== undefined && before.vmId !== vm?.id) {
      vms.remove(before.row);
      shown[slot] = undefined;
    }
    if (vm === undefined) return;
    const { row } = shown[slot] ?? { row: vms.add({ vm_id: vm.id }) };
    shown[slot] = { vmId: vm.id, row };
    slots.countUntil(slot, unixMs);
    slots.readUsage(slot, amounts);
    vms.columns.cpu.set(row, slots.cpuPercentOf(slot));
    vms.columns.memory.set(row, amounts[memory] ?? 0);
    vms.columns.read.set(row, amounts[read] ?? 0);
    vms.columns.write.set(row, amounts[write] ?? 0);
  }

  return {
    show(slot) {
      if (perVmSeries) showSlot(slot, now());
    },
  };
}
