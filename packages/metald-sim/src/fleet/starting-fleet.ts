import { setImmediate as afterOthers } from 'node:timers/promises';
import { draw, subKey } from './draw.ts';
import type { Fleet, NewVm } from './fleet.ts';
import type { Vm } from './vm.ts';
import type { Machine } from './workload.ts';

const GiB = 1024 ** 3;

/** Sizes of machines, as clouds sell them: 2 GiB for each processor; most are small. The weights make 100. */
const sizes: readonly (Machine & { readonly weight: number })[] = [
  { vcpus: 1, memoryBytes: 2 * GiB, weight: 45 },
  { vcpus: 2, memoryBytes: 4 * GiB, weight: 35 },
  { vcpus: 4, memoryBytes: 8 * GiB, weight: 15 },
  { vcpus: 8, memoryBytes: 16 * GiB, weight: 5 },
];

const customerPrefix = 'fleet-customer-';

/** VMs that are made in one go, so that what else the process does at its start is not held up. */
const atOnce = 1_000;

/** Options of `startFleet`. */
export interface StartingFleetOptions<Config> {
  readonly fleet: Fleet<Config>;
  /** How many VMs. */
  readonly count: number;
  readonly seed: number;
  /** The configuration that a client would have asked for to get such a machine. One of them serves all that are alike. */
  readonly configOf: (machine: Machine) => Config;
  /** Is told of each VM that runs. */
  readonly onStarted: (vm: Vm<Config>) => void;
}

/**
 * Puts running VMs into an empty fleet, as if the host had been up before. There are as many customers as the root of the
 * number of VMs: a hundred with ten thousand.
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
    let left = 100 * draw(subKey(seed, 1), index);
    const place = sizes.findIndex(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const chosen = machines[place];
    if (chosen === undefined) throw new RangeError('a draw is below 1, so the weights cover it');
    const customer = 1 + Math.floor(customers * draw(subKey(seed, 2), index));
    return { ...chosen, customerId: `${customerPrefix}${customer}` };
  }
}

/** Whether a VM is of the starting fleet, or has replaced one that was. */
export function isOfStartingFleet({ customerId }: Pick<Vm, 'customerId'>): boolean {
  return customerId.startsWith(customerPrefix);
}
