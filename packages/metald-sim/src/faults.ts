import { type Chance, createChance, createServiceFaults } from '@vmobs/faults';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { createBillingEndpointFaults } from './faults-billing-endpoint.ts';
import { createHypervisorFaults } from './faults-hypervisor.ts';
import { createSamplingFaults } from './faults-sampling.ts';
import { seededGenerator } from './fleet/random.ts';

/** Sets the draws of faults apart from those of workloads and boots with the same seed. */
const stream = 0xfa17;

/** Makes everything that can go wrong in metald on demand, and where it does. From the same seed the same strikes. */
export function createMetaldFaults({ seed }: { readonly seed: number }) {
  const random = seededGenerator(seed, stream);
  const chance: Chance = createChance(() => uniformFloat64(random));
  const service = createServiceFaults(chance);
  const hypervisor = createHypervisorFaults(chance);
  const billingEndpoint = createBillingEndpointFaults(chance);
  const sampling = createSamplingFaults(chance);
  const all = [...service.faults, ...hypervisor.faults, ...billingEndpoint.faults, ...sampling.faults];
  return { all, service, hypervisor, billingEndpoint, sampling };
}
