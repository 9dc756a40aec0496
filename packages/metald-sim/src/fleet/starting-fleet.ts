import { setImmediate as afterOthers } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';
import { noiseAt, subKey } from './noise.ts';
import type { Vm } from './vm.ts';
import type { NewVm } from './vm-registry.ts';
import type { Machine } from './workload.ts';

const GiB = 1024 ** 3;

/** Sizes of machines, as clouds sell them: 2 GiB per processor; most are small. The weights add up to 100. */
const sizes: readonly (Machine & { readonly weight: number })[] = [
  { vcpus: 1, memoryBytes: 2 * GiB, weight: 45 },
  { vcpus: 2, memoryBytes: 4 * GiB, weight: 35 },
  { vcpus: 4, memoryBytes: 8 * GiB, weight: 15 },
  { vcpus: 8, memoryBytes: 16 * GiB, weight: 5 },
];

const customerPrefix = 'fleet-customer-';

/** VMs that are created in one go, so that other work of the process at its start is not blocked. */
const atOnce = 1_000;

/** Options of `startFleet`. */
export interface StartingFleetOptions<Config> {
  readonly fleet: Fleet<Config>;
  /** How many VMs. */
  readonly count: number;
  readonly seed: number;
  /** The configuration that a client would have sent for such a machine. VMs of the same size share it. */
  readonly configOf: (machine: Machine) => Config;
  /** Called for each VM that runs. */
  readonly onStarted: (vm: Vm<Config>) => void;
}

/**
 * Adds running VMs to an empty fleet, as if the host had been up before. The number of customers is the square root of
 * the number of VMs: a hundred for ten thousand.
 */
export async function startFleet<Config>(options: StartingFleetOptions<Config>): Promise<void> {
  const { fleet, count, seed, configOf, onStarted } = options;
  const machines = sizes.map((machine) => ({ machine, config: configOf(machine) }));
  const customers = Math.ceil(Math.sqrt(count));
  for (let index = 0; index < count; index += 1) {
    if (index > 0 && index % atOnce === 0) await afterOthers();
    onStarted(fleet.adopt(chooseVm(index)));
  }

  function chooseVm(index: number): NewVm<Config> {
    let left = 100 * noiseAt(subKey(seed, 1), index);
    const place = sizes.findIndex(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const chosen = machines[place];
    if (chosen === undefined) throw new RangeError('noise is below 1, so the weights cover it');
    const customer = 1 + Math.floor(customers * noiseAt(subKey(seed, 2), index));
    return { ...chosen, customerId: `${customerPrefix}${customer}` };
  }
}

/** Whether a VM belongs to the starting fleet, or has replaced one that did. */
export function isOfStartingFleet({ customerId }: Pick<Vm, 'customerId'>): boolean {
  return customerId.startsWith(customerPrefix);
}
