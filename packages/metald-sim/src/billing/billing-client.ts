import { type Client, createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { BillingService } from '@vmobs/wire/billing';

/** A client of billaged. */
export type BillingClient = Client<typeof BillingService>;

/** How long one call may take, as in the real metald. */
const callTimeoutMs = 10_000;

/** Makes a client of billaged that speaks binary Connect. */
export function createBillingClient(endpoint: string, interceptors: Interceptor[]): BillingClient {
  const transport = createConnectTransport({
    baseUrl: endpoint.replace(/\/$/, ''),
    httpVersion: '1.1',
    interceptors,
    defaultTimeoutMs: callTimeoutMs,
  });
  return createClient(BillingService, transport);
}
