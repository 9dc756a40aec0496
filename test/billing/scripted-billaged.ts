import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  NotifyPossibleGapRequestSchema,
  NotifyVmStartedRequestSchema,
  NotifyVmStoppedRequestSchema,
  SendMetricsBatchRequestSchema,
  SendMetricsBatchResponseSchema,
} from '@vmobs/wire/billing';
import { onTestFinished } from 'vitest';

/** What a scripted billaged took, of one VM, in the order in which it came. */
export type Taken =
  | { readonly kind: 'batch'; readonly vmId: string; readonly samples: number; readonly firstNanos: bigint }
  | { readonly kind: 'gap'; readonly vmId: string; readonly lastSent: bigint; readonly resumeTime: bigint }
  | { readonly kind: 'started' | 'stopped'; readonly vmId: string };

/** A billaged in this process that answers as a test tells it to. */
export interface ScriptedBillaged {
  readonly url: string;
  readonly taken: Taken[];
  /** How it answers: with success, as if it were overloaded, or by refusing every batch. */
  mode: 'takes' | 'overloaded' | 'refuses batches';
}

const { typeName } = SendMetricsBatchResponseSchema;
const accepted = toBinary(SendMetricsBatchResponseSchema, { $typeName: typeName, success: true, message: '' });

/** Starts one for the length of a test. */
export async function startScriptedBillaged(): Promise<ScriptedBillaged> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const call = read(request.url?.split('/').at(-1) ?? '', Buffer.concat(chunks));
    const fail = (status: number, code: string) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code }));
    if (billaged.mode === 'overloaded') return fail(503, 'unavailable');
    if (billaged.mode === 'refuses batches' && call?.kind === 'batch') return fail(400, 'invalid_argument');
    if (call !== undefined) billaged.taken.push(call);
    // Every answer of the service has `success` under the same number.
    return response.writeHead(200, { 'content-type': 'application/proto' }).end(accepted);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // It listens on a TCP port, so its address is an object.
  const { port } = server.address() as AddressInfo;
  const billaged: ScriptedBillaged = { url: `http://127.0.0.1:${port}`, taken: [], mode: 'takes' };
  return billaged;
}

function read(method: string, body: Buffer): Taken | undefined {
  if (method === 'SendMetricsBatch') {
    const { vmId, metrics } = fromBinary(SendMetricsBatchRequestSchema, body);
    const { seconds = 0n, nanos = 0 } = metrics[0]?.timestamp ?? {};
    return { kind: 'batch', vmId, samples: metrics.length, firstNanos: seconds * 1_000_000_000n + BigInt(nanos) };
  }
  if (method === 'NotifyPossibleGap') {
    const { vmId, lastSent, resumeTime } = fromBinary(NotifyPossibleGapRequestSchema, body);
    return { kind: 'gap', vmId, lastSent, resumeTime };
  }
  if (method === 'NotifyVmStarted')
    return { kind: 'started', vmId: fromBinary(NotifyVmStartedRequestSchema, body).vmId };
  if (method === 'NotifyVmStopped')
    return { kind: 'stopped', vmId: fromBinary(NotifyVmStoppedRequestSchema, body).vmId };
  return undefined;
}
