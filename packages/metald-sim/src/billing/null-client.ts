import { createClient, createRouterTransport } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import { BillingService } from '@vmobs/wire/billing';
import type { BillingClient } from './billing-client.ts';

/** Makes a client that takes everything and sends nothing: for a metald without billaged. */
export function createNullClient(logger: Logger): BillingClient {
  const transport = createRouterTransport(({ service }) => {
    service(BillingService, {
      sendMetricsBatch({ vmId, metrics }) {
        logger.debug({ vm_id: vmId, batch_size: metrics.length }, 'billing is off: batch dropped');
        return { success: true };
      },
      sendHeartbeat: () => ({ success: true }),
      notifyVmStarted: () => ({ success: true }),
      notifyVmStopped: () => ({ success: true }),
      notifyPossibleGap: () => ({ success: true }),
    });
  });
  return createClient(BillingService, transport);
}
