import { clientKey, deleteVm } from './leftover-vms.ts';
import type { Random } from './random.ts';
import type { VmClient } from './vm-client.ts';

/** Context of a VM life cycle. */
export interface VmLifeOptions {
  readonly client: VmClient;
  /** Name of the client, which its VMs carry in their metadata. */
  readonly name: string;
  readonly random: Random;
  /** Average lifetime of a VM. */
  readonly lifeMs: number;
  /** Waits; rejects when the traffic is stopped. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

const GiB = 1024n ** 3n;

/**
 * Runs the life cycle of one VM: create, boot, get info, sometimes pause and resume or reboot, shut down, delete.
 * Each step is decided before it starts, so a seed reproduces the same life cycle.
 * After a failure the VM is deleted if that is possible, and the failure is thrown.
 */
export async function liveVmLife(options: VmLifeOptions): Promise<void> {
  const { client, name, random } = options;
  const vcpuCount = random.between(1, 4);
  const { vmId } = await client.createVm({
    config: {
      cpu: { vcpuCount },
      memory: { sizeBytes: BigInt(random.between(1, 4)) * GiB },
      boot: { kernelPath: '/opt/vmobs/vmlinux', kernelArgs: 'console=ttyS0 reboot=k panic=1' },
      storage: [{ path: '/opt/vmobs/rootfs.ext4', isRootDevice: true }],
      metadata: { [clientKey]: name },
    },
  });
  try {
    await useVm(vmId, options);
  } catch (error) {
    // The failure is what counts. If this fails, too, the client deletes what is left before its next VM.
    await deleteVm(client, vmId).catch(() => undefined);
    throw error;
  }
}

/** From the boot of a VM to its deletion. */
async function useVm(vmId: string, { client, random, lifeMs, wait }: VmLifeOptions): Promise<void> {
  await wait(random.around(lifeMs / 20));
  await client.bootVm({ vmId });

  const chapters = random.between(2, 5);
  for (let chapter = 0; chapter < chapters; chapter += 1) {
    await wait(random.around(lifeMs / chapters));
    await client.getVmInfo({ vmId });
    if (random.chance(0.3)) {
      await client.pauseVm({ vmId });
      await wait(random.around(lifeMs / 10));
      await client.resumeVm({ vmId });
    } else if (random.chance(0.2)) {
      await client.rebootVm({ vmId });
    }
  }
  await client.shutdownVm({ vmId });
  await wait(random.around(lifeMs / 20));
  await client.deleteVm({ vmId });
}
