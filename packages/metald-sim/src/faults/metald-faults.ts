import { createSeededChance, createServiceFaults } from '@vmobs/faults';
import { createBillingEndpointFaults } from './billing-endpoint-faults.ts';
import { createHypervisorFaults } from './hypervisor-faults.ts';
import { createSamplingFaults } from './sampling-faults.ts';
import { createSpoolFaults } from './spool-faults.ts';

/** The faults of metald, and how each enters it. */
export type MetaldFaults = ReturnType<typeof createMetaldFaults>;

/** Makes all faults of metald, switched off. The same seed makes them strike at the same calls. */
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
