import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect';
import type { UniversalClientFn } from '@connectrpc/connect/protocol';
import { createTransport } from '@connectrpc/connect/protocol-connect';
import { createNodeHttpClient } from '@connectrpc/connect-node';
import { BillingService } from '@vmobs/wire/billing';
import type { Notice } from './notice.ts';

/** A client of billaged. Every method throws a ConnectError with the code and the headers of an answer that is none. */
export interface BillingClient {
  /**
   * Sends an encoded SendMetricsBatchRequest as it is.
   *
   * @throws ConnectError, with `invalid_argument` also for the answer `success = false`
   */
  sendBatch(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  sendNotice(notice: Notice, signal: AbortSignal): Promise<void>;
  /** Says that this metald is alive, and which VMs it collects from. */
  sendHeartbeat(heartbeat: { readonly instanceId: string; readonly activeVms: string[] }): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

/** How long one call may take, as in the real metald. */
const callTimeoutMs = 10_000;

/** Answers of billaged have a few bytes. */
const largestAnswerBytes = 1024 ** 2;

/** Makes a client of billaged that speaks binary Connect and keeps its connections open. */
export function createBillingClient(endpoint: string, interceptors: Interceptor[]): BillingClient {
  const agent = new (endpoint.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true });
  const httpClient = createNodeHttpClient({ httpVersion: '1.1', nodeOptions: { agent } });
  const client = createClient(BillingService, transportOf(httpClient));

  function transportOf(clientFn: UniversalClientFn) {
    return createTransport({
      baseUrl: endpoint.replace(/\/$/, ''),
      httpClient: clientFn,
      useBinaryFormat: true,
      interceptors,
      defaultTimeoutMs: callTimeoutMs,
      acceptCompression: [],
      sendCompression: null,
      compressMinBytes: 0,
      readMaxBytes: largestAnswerBytes,
      writeMaxBytes: 0xffff_ffff,
    });
  }

  return {
    async sendBatch(bytes, signal) {
      // A transport for this one call, whose request body is what the VM's samples were encoded to when they were taken.
      const body = async function* () {
        yield bytes;
      };
      const transport = transportOf((request) => httpClient({ ...request, body: body() }));
      const { success, message } = await createClient(BillingService, transport).sendMetricsBatch({}, { signal });
      if (!success) throw new ConnectError(message, Code.InvalidArgument);
    },
    async sendNotice(notice, signal) {
      if (notice.kind === 'started') await client.notifyVmStarted(notice, { signal });
      else if (notice.kind === 'stopped') await client.notifyVmStopped(notice, { signal });
      else await client.notifyPossibleGap(notice, { signal });
    },
    async sendHeartbeat(heartbeat) {
      await client.sendHeartbeat(heartbeat);
    },
    close: () => agent.destroy(),
  };
}
