import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import { type VmConfig, VmConfigSchema, type VmService } from '@vmobs/wire/vmprovisioner';
import { createVmReplacer } from './churn-client.ts';
import type { MetaldConfig } from './config.ts';
import { startChurn } from './fleet/churn.ts';
import type { Fleet } from './fleet/fleet.ts';
import { isOfStartingFleet, startFleet } from './fleet/starting-fleet.ts';
import type { Vm } from './fleet/vm.ts';
import type { Machine } from './fleet/workload.ts';

/** Options of `startSimulatedFleet`. */
export interface SimulatedFleetOptions {
  readonly config: Pick<MetaldConfig, 'vms' | 'churn' | 'seed'>;
  readonly fleet: Fleet<VmConfig>;
  /** Is told of each VM that runs from the start. */
  readonly onStarted: (vm: Vm<VmConfig>) => void;
  /** What the API is served by. */
  readonly service: ServiceImpl<typeof VmService>;
  readonly logger: Logger;
}

/** The VMs that nobody asked for. */
export interface SimulatedFleet {
  /** Replaces no VM any more. */
  stop(): void;
}

/** Starts `--vms` VMs and replaces `--churn` of them a minute. */
export async function startSimulatedFleet(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
  const { config, fleet, onStarted, service, logger } = options;
  const { vms: count, churn: perMinute, seed } = config;
  if (count === 0) return { stop() {} };
  await startFleet({ fleet, count, seed, configOf, onStarted });
  logger.info({ vms: count, churn: perMinute, seed, bytes_per_vm: fleet.slots.bytesPerVm }, 'fleet is running');
  if (perMinute === 0) return { stop() {} };
  const end = new AbortController();
  const churn = startChurn({
    slots: fleet.slots,
    perMinute,
    seed,
    isReplaceable: isOfStartingFleet,
    replace: createVmReplacer({ service, logger, signal: end.signal }),
  });
  return {
    stop() {
      churn.stop();
      end.abort();
    },
  };
}

/** What a client would have asked for to get such a machine. */
function configOf({ vcpus, memoryBytes }: Machine): VmConfig {
  return create(VmConfigSchema, {
    cpu: { vcpuCount: vcpus },
    memory: { sizeBytes: BigInt(memoryBytes) },
    boot: { kernelPath: '/opt/metald/vmlinux', kernelArgs: 'console=ttyS0 reboot=k panic=1' },
    storage: [{ id: 'rootfs', path: '/opt/metald/rootfs.ext4', isRootDevice: true }],
    network: [{ id: 'eth0' }],
    metadata: { fleet: 'starting' },
  });
}
