import type { Logger } from '@vmobs/telemetry';
import type { BillingClient } from './billing-client.ts';

/** Makes a client that takes everything and sends nothing: for a metald without billaged. */
export function createNullClient(logger: Logger): BillingClient {
  return {
    async sendBatch(bytes) {
      logger.debug({ bytes: bytes.length }, 'billing is off: batch dropped');
    },
    async sendNotice() {},
    async sendHeartbeat() {},
    close() {},
  };
}
