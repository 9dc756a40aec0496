import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { VmService } from '@vmobs/wire/vmprovisioner';

/** A client of metald. */
export type VmClient = Client<typeof VmService>;

/**
 * Makes a client that acts for a tenant, which it names in its baggage as the real clients do. Once the signal is aborted
 * it begins no further request, and finishes the one that it waits for.
 */
export function createVmClient(metaldUrl: string, tenant: string, stop: AbortSignal): VmClient {
  const transport = createConnectTransport({
    baseUrl: metaldUrl,
    httpVersion: '1.1',
    defaultTimeoutMs: 30_000,
    interceptors: [
      (next) => (request) => {
        stop.throwIfAborted();
        request.header.set('baggage', `tenant_id=${tenant}`);
        return next(request);
      },
    ],
  });
  return createClient(VmService, transport);
}
