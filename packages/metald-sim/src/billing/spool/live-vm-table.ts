import type { EntryContent, LiveVm } from './entry.ts';

/** The VMs that billaged believes to be alive, according to the stored entries. */
export interface LiveVmTable {
  /** Takes note of a stored entry. */
  note(content: EntryContent): void;
  /** Replaces everything that is known. */
  reset(vms: readonly LiveVm[]): void;
  list(): LiveVm[];
}

/** Makes an empty table. */
export function createLiveVmTable(): LiveVmTable {
  const vms = new Map<string, LiveVm>();
  return {
    note(content) {
      const { vmId } = content;
      if (content.kind === 'stopped') vms.delete(vmId);
      else if (content.kind === 'started') {
        vms.set(vmId, { vmId, customerId: content.customerId, lastTimestamp: content.startTime });
      } else if (content.kind === 'batch') {
        vms.set(vmId, { vmId, customerId: content.customerId, lastTimestamp: content.lastTimestamp });
      }
    },
    reset(list) {
      vms.clear();
      for (const vm of list) vms.set(vm.vmId, vm);
    },
    list: () => [...vms.values()],
  };
}
