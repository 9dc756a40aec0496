import { createSeededChance, createServiceFaults } from '@vmobs/faults';
import { createBillingEndpointFaults } from './faults-billing-endpoint.ts';
import { createHypervisorFaults } from './faults-hypervisor.ts';
import { createSamplingFaults } from './faults-sampling.ts';

/** Makes everything that can go wrong in metald on demand, and where it does. From the same seed the same strikes. */
export function createMetaldFaults({ seed }: { readonly seed: number }) {
  const chance = createSeededChance(seed);
  const service = createServiceFaults(chance);
  const hypervisor = createHypervisorFaults(chance);
  const billingEndpoint = createBillingEndpointFaults(chance);
  const sampling = createSamplingFaults(chance);
  const all = [...service.faults, ...hypervisor.faults, ...billingEndpoint.faults, ...sampling.faults];
  return { all, service, hypervisor, billingEndpoint, sampling };
}
