import type { VmConfig } from '@vmobs/wire/vmprovisioner';
import type { Vm } from '../fleet/vm.ts';
import { toWireState } from './states.ts';

/** Average size of a packet and of a disk operation: usage is simulated in bytes, and counts are derived from it. */
const bytesPer = { packet: 1_000, diskOperation: 16_384 };

/**
 * The response of `GetVmInfo` for a VM. It has usage while the VM is running or paused.
 *
 * @param backend the hypervisor, such as `firecracker`
 */
export function describeVm(vm: Vm<VmConfig>, backend: string) {
  const { id, config, state, usage, workload, bootedAtMs, usageUntilMs } = vm;
  const base = {
    vmId: id,
    config,
    state: toWireState(state),
    backendInfo: { backend, workload: workload.profile },
  };
  if (state === 'created' || state === 'shutdown') return base;
  return {
    ...base,
    metrics: {
      cpuUsagePercent: usage.cpuPercent,
      memoryUsageBytes: whole(usage.memoryBytes),
      uptimeSeconds: whole((usageUntilMs - bootedAtMs) / 1_000),
      networkStats: {
        bytesReceived: whole(usage.networkRxBytes),
        bytesTransmitted: whole(usage.networkTxBytes),
        packetsReceived: whole(usage.networkRxBytes / bytesPer.packet),
        packetsTransmitted: whole(usage.networkTxBytes / bytesPer.packet),
      },
      storageStats: {
        bytesRead: whole(usage.diskReadBytes),
        bytesWritten: whole(usage.diskWriteBytes),
        readOperations: whole(usage.diskReadBytes / bytesPer.diskOperation),
        writeOperations: whole(usage.diskWriteBytes / bytesPer.diskOperation),
      },
    },
  };
}

/** A VM as a row of `ListVms`. */
export function summariseVm({ id, config, state, machine, createdAtMs, modifiedAtMs }: Vm<VmConfig>) {
  return {
    vmId: id,
    state: toWireState(state),
    vcpuCount: machine.vcpus,
    // As the client has sent it: the simulation calculates with rounded numbers.
    memorySizeBytes: config.memory?.sizeBytes ?? BigInt(machine.memoryBytes),
    createdTimestamp: whole(createdAtMs / 1_000),
    modifiedTimestamp: whole(modifiedAtMs / 1_000),
    metadata: config.metadata,
  };
}

function whole(amount: number): bigint {
  return BigInt(Math.floor(amount));
}
