import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';
import type { Hypervisor } from '../fleet/hypervisor.ts';

/** Makes the faults of the hypervisor, and the wrapper that applies them. */
export function createHypervisorFaults(chance: Chance) {
  const bootFailures = createFaultSwitch({
    name: 'boot-failures',
    description: 'Boots take their usual time and fail: BootVm responds internal, the VM keeps its state.',
    parameters: { size: probability(0.2, 'share of boots that fail') },
  });
  const slowBoots = createFaultSwitch({
    name: 'slow-boots',
    description:
      'Boots and reboots take longer. An RPC beyond its deadline responds deadline_exceeded; its boot continues.',
    parameters: {
      size: {
        type: 'number',
        description: 'factor of the duration',
        unit: 'factor',
        minimum: 1.1,
        maximum: 100,
        default: 5,
      },
    },
  });
  const unreachable = createFaultSwitch({
    name: 'backend-unreachable',
    description:
      'The hypervisor cannot be reached: RPCs about a VM respond internal, /_/health is degraded, VMs run on without samples.',
    parameters: { size: probability(1, 'share of the calls to it that fail') },
  });

  function reach(): void {
    if (chance(unreachable.values?.size)) throw new Error('connect ECONNREFUSED /run/metald/hypervisor.sock');
  }

  const wrap = (hypervisor: Hypervisor): Hypervisor => ({
    async perform(operation, vmId, stop) {
      reach();
      const begun = performance.now();
      await hypervisor.perform(operation, vmId, stop);
      if (operation !== 'boot' && operation !== 'reboot') return;
      if (slowBoots.values !== undefined) {
        await slowBoots.hold((slowBoots.values.size - 1) * (performance.now() - begun));
      }
      if (operation === 'boot' && chance(bootFailures.values?.size)) {
        throw new Error('the guest did not come up: kernel panic, unable to mount root fs on unknown-block(0,0)');
      }
    },
  });

  return {
    faults: [bootFailures.fault, slowBoots.fault, unreachable.fault],
    wrap,
    /** The probability that a call does not reach the hypervisor; `undefined` while the fault is off. */
    unreachable: () => unreachable.values?.size,
    /** Reaches the hypervisor. @throws Error when it cannot be reached */
    ping: async () => reach(),
  };
}
