import type { Interceptor } from '@connectrpc/connect';
import type { GapReport } from '../billing/outbox.ts';
import type { DiskSpoolOptions } from '../billing/spool/disk-spool.ts';
import type { FleetSlots } from '../fleet/fleet-slots.ts';
import type { Hypervisor } from '../fleet/hypervisor.ts';
import type { MetaldFaults } from './metald-faults.ts';

/** The components of metald that faults can enter. */
export interface FaultyComponents {
  readonly hypervisor: Hypervisor;
  /** Reaches the hypervisor. @throws Error when it cannot be reached */
  readonly pingBackend: () => Promise<void>;
  /** Is called before each write and sync of the spool; what it throws counts as the error of the file system. */
  readonly beforeSpoolUse: NonNullable<DiskSpoolOptions['beforeUse']>;
  /** Clock of the usage samples, Unix time in milliseconds. */
  readonly billingNow: () => number;
  /** The fleet as the sampler sees it. @param gaps gets each time in which no VM was sampled */
  readonly sampledSlots: (slots: FleetSlots, gaps: GapReport) => FleetSlots;
  /** Interceptors of the client of billaged, the outermost first. */
  readonly clientInterceptors: readonly Interceptor[];
  /** The last interceptors of the API, right before the service. */
  readonly apiInterceptors: readonly Interceptor[];
}

/** Wraps the components so that each fault acts where it would happen. @param intervalMs time between two samples of a VM */
export function withFaults(components: FaultyComponents, faults: MetaldFaults, intervalMs: number): FaultyComponents {
  const { hypervisor, billingEndpoint, sampling, spool, service } = faults;
  const billingNow = sampling.skewed(components.billingNow);
  return {
    hypervisor: hypervisor.wrap(components.hypervisor),
    async pingBackend() {
      await hypervisor.ping();
      await components.pingBackend();
    },
    beforeSpoolUse(operation) {
      spool.beforeUse(operation);
      components.beforeSpoolUse(operation);
    },
    billingNow,
    sampledSlots: (slots, gaps) =>
      sampling.withGaps(components.sampledSlots(slots, gaps), {
        intervalMs,
        now: billingNow,
        unreadable: hypervisor.unreachable,
        gaps,
      }),
    clientInterceptors: [billingEndpoint.outer, ...components.clientInterceptors, billingEndpoint.inner],
    apiInterceptors: [...components.apiInterceptors, service.interceptor],
  };
}
