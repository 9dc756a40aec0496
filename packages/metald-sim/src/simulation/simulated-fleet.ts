import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import { type VmConfig, VmConfigSchema, type VmService } from '@vmobs/wire/vmprovisioner';
import type { Billing } from '../billing/billing.ts';
import type { MetaldConfig } from '../config.ts';
import { startChurn } from '../fleet/churn.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { isOfStartingFleet, startFleet } from '../fleet/starting-fleet.ts';
import type { Vm } from '../fleet/vm.ts';
import type { Machine } from '../fleet/workload.ts';
import type { VmSeries } from '../metrics/vm-metrics.ts';
import { createVmReplacer } from './churn-client.ts';

/** Options of `startSimulatedFleet`. */
export interface SimulatedFleetOptions {
  readonly config: Pick<MetaldConfig, 'vms' | 'churn' | 'seed'>;
  readonly fleet: Fleet<VmConfig>;
  /** Called for each VM that runs from the start. */
  readonly billing: Pick<Billing, 'vmStarted'>;
  readonly vmSeries: VmSeries;
  /** The implementation of the API, for the client that replaces VMs. */
  readonly service: ServiceImpl<typeof VmService>;
  readonly logger: Logger;
}

/** VMs that no client has created. */
export interface SimulatedFleet {
  /** Ends the replacement of VMs. */
  stop(): void;
}

/** Starts `--vms` VMs and replaces `--churn` of them per minute. */
export async function startSimulatedFleet(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
  const { config, fleet, billing, vmSeries, service, logger } = options;
  const { vms: count, churn: perMinute, seed } = config;
  if (count === 0) return { stop() {} };
  const onStarted = (vm: Vm<VmConfig>) => {
    billing.vmStarted(vm);
    // Not at the first scrape: for ten thousand VMs that would block the process for a tenth of a second.
    vmSeries.show(vm.slot);
  };
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

/** The configuration that a client would have sent for such a machine. */
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
