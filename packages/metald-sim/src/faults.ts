import { createSeededChance, createServiceFaults } from '@vmobs/faults';
import { createBillingEndpointFaults } from './faults-billing-endpoint.ts';
import { createHypervisorFaults } from './faults-hypervisor.ts';
import { createSamplingFaults } from './faults-sampling.ts';
import { createSpoolFaults } from './faults-spool.ts';

/** Makes everything that can go wrong in metald on demand, and where it does. From the same seed the same strikes. */
export function createMetaldFaults({ seed }: { readonly seed: number }) {
  const chance = createSeededChance(seed);
  const service = createServiceFaults(chance);
  const hypervisor = createHypervisorFaults(chance);
  const billingEndpoint = createBillingEndpointFaults(chance);
  const sampling = createSamplingFaults(chance);
  const spool = createSpoolFaults(chance);
  const all = [service, hypervisor, billingEndpoint, sampling, spool].flatMap(({ faults }) => faults);
  return { all, service, hypervisor, billingEndpoint, sampling, spool };
}
