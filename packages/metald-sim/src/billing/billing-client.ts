import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { Logger } from '@vmobs/telemetry';
import { BillingService, type SendMetricsBatchRequest, SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import type { Notice } from './messages.ts';

/** A client of billaged. Every method throws a ConnectError with the code and the headers of a failed response. */
export interface BillingClient {
  /**
   * Sends an encoded SendMetricsBatchRequest as it is.
   *
   * @throws ConnectError, with `invalid_argument` also for the response `success = false`
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

/** Responses of billaged have a few bytes. */
const largestAnswerBytes = 1024 ** 2;

/**
 * Makes a client of billaged that speaks binary Connect and keeps its connections open.
 *
 * @param token that billaged requires; `undefined` sends none
 */
export function createBillingClient(endpoint: string, interceptors: Interceptor[], token?: string): BillingClient {
  const agent = new (endpoint.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true });
  const transport = createConnectTransport({
    baseUrl: endpoint.replace(/\/$/, ''),
    httpVersion: '1.1',
    nodeOptions: { agent },
    interceptors: token === undefined ? interceptors : [...interceptors, sendToken(token)],
    defaultTimeoutMs: callTimeoutMs,
    acceptCompression: [],
    readMaxBytes: largestAnswerBytes,
  });
  const client = createClient(BillingService, transport);

  return {
    async sendBatch(bytes, signal) {
      const { success, message } = await client.sendMetricsBatch(asMessage(bytes), { signal });
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

function sendToken(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
}

/**
 * A message that is encoded to exactly these bytes. A batch is encoded when its samples are taken, and protobuf-es writes
 * unknown fields as they are: the first tag, which has one byte, and everything behind it.
 */
function asMessage(bytes: Uint8Array): SendMetricsBatchRequest {
  const message = create(SendMetricsBatchRequestSchema);
  const [tag] = bytes;
  if (tag !== undefined) message.$unknown = [{ no: tag >>> 3, wireType: tag & 7, data: bytes.subarray(1) }];
  return message;
}

/** Makes a client that accepts everything and sends nothing: for a metald without billaged. */
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

/**
 * How long a server asks its clients to wait: `Retry-After` of a response, in seconds or as a date.
 *
 * @param nowMs Unix time in milliseconds
 * @returns milliseconds, 0 or more; undefined without a valid header
 */
export function retryAfterMs(error: unknown, nowMs: number): number | undefined {
  const value = ConnectError.from(error).metadata.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  const milliseconds = /^\d+$/.test(value) ? 1_000 * Number(value) : Date.parse(value) - nowMs;
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}
