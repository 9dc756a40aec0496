import type { IncomingMessage, ServerResponse } from 'node:http';
import { createContextKey, createContextValues, type HandlerContext, type Interceptor } from '@connectrpc/connect';
import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
import type { Logger } from '@vmobs/telemetry';
import { connectDeadlineInterceptor, connectServerInterceptor, watchRefusals } from '@vmobs/telemetry/connect';
import { connectErrorAnswers } from '@vmobs/telemetry/connect-fastify';
import { BillingService } from '@vmobs/wire/billing';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { cutConnection } from '../faults/batch-faults.ts';
import type { BillingFaults } from '../faults/with-faults.ts';
import type { UsageLedger } from '../ledger/ledger.ts';
import type { BillagedMetrics } from '../metrics.ts';
import type { Admission, Room } from './admission.ts';
import { createBatchLog } from './batch-log.ts';
import { type BatchReceiver, createBatchReceiver } from './batch-receiver.ts';
import { batchPath, batchRoute } from './batch-route.ts';
import { createBillingService } from './billing-service.ts';
import { createBillingToken, type RequireBillingToken } from './billing-token.ts';

/** Time limit of an RPC in milliseconds: far longer than a slow disk takes. */
const rpcLimitMs = 30_000;

/**
 * Maximum size of a batch that Connect's adapter decodes, in bytes: 1000 samples have at most 430 KB in JSON. Each of the empty samples
 * that fit into it becomes an object; those of 1 MiB would take more memory than the whole process may have.
 */
const largestBatchBytes = 448 * 1024;

/** Maximum size of a heartbeat in bytes: it names all VMs of a host. */
const largestHeartbeatBytes = 1024 ** 2;

/** Maximum size of a notice in bytes: it has two ids of at most 128 characters and two times. */
const largestNoticeBytes = 16 * 1024;

/** Options of `addBillingApi`. */
export interface BillingApiOptions {
  readonly ledger: Pick<UsageLedger, 'append' | 'start' | 'stop' | 'gap'>;
  readonly metrics: BillagedMetrics;
  readonly logger: Logger;
  readonly admission: Admission;
  /** Maximum size of a request in bytes. */
  readonly maxRequestBytes: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly faults: BillingFaults;
  /** Token that every billing RPC needs; `undefined` requires none. */
  readonly billingToken: string | undefined;
}

/** Adds `billing.v1.BillingService` to an application: a route for plain batches, Connect's adapter for everything else. */
export async function addBillingApi(app: FastifyInstance, options: BillingApiOptions): Promise<void> {
  const { ledger, metrics, logger, admission, maxRequestBytes, now, faults } = options;
  const log = createBatchLog({ logger });
  app.addHook('onClose', async () => log.close());
  const receive = createBatchReceiver({ ledger, metrics, logger, log, now });
  const requireToken = createBillingToken(options.billingToken, logger);
  await app.register(batchRoute, { receive, logger, admission, metrics, maxRequestBytes, faults, requireToken });
  // In its own scope, so that its hooks do not slow down the batch route.
  await app.register(createGenericApi(options, receive, requireToken));
}

/** Makes the plugin that serves all RPCs in every protocol that Connect's adapter supports. */
function createGenericApi(
  options: BillingApiOptions,
  receive: BatchReceiver,
  requireToken: RequireBillingToken,
): FastifyPluginAsync {
  const { ledger, metrics, logger, admission, maxRequestBytes, faults } = options;
  return async (scope) => {
    // Connect's adapter does not pass the response to `requestGate`, so it is looked up by request.
    const batches = new WeakMap<IncomingMessage, BatchExchange>();
    scope.addHook('onRequest', (request, reply, next) => {
      if (request.routeOptions.url === batchPath) batches.set(request.raw, watchBody(request.raw, reply.raw));
      next();
    });
    await scope.register(connectErrorAnswers);
    await scope.register(fastifyConnectPlugin, {
      readMaxBytes: maxRequestBytes,
      contextValues: ({ raw }) => createContextValues().set(requestKey, raw).set(batchKey, batches.get(raw)),
      // Runs before the body is read.
      requestGate(context) {
        watchRefusals(context);
        const request = context.values.get(requestKey);
        if (request !== undefined) requireToken(request);
        admit(context, admission);
      },
      interceptors: [
        connectServerInterceptor(() => metrics.errors.inc({ component: 'api' })),
        connectDeadlineInterceptor({
          limitMs: rpcLimitMs,
          onLateFailure: (error) => logger.error({ err: error }, 'rpc failed after its deadline'),
        }),
        faults.interceptor,
        loseAcknowledgements(faults),
      ],
      // Fields that nobody knows are not kept: a million empty ones would take 100 MB.
      binaryOptions: { readUnknownFields: false },
      routes(router) {
        const service = createBillingService({ ledger, metrics, logger, receive, faults });
        const { sendMetricsBatch, sendHeartbeat, notifyVmStarted, notifyVmStopped, notifyPossibleGap } =
          BillingService.method;
        const upTo = (bytes: number) => ({ readMaxBytes: Math.min(bytes, maxRequestBytes) });
        router.rpc(sendMetricsBatch, service.sendMetricsBatch, upTo(largestBatchBytes));
        router.rpc(sendHeartbeat, service.sendHeartbeat, upTo(largestHeartbeatBytes));
        router.rpc(notifyVmStarted, service.notifyVmStarted, upTo(largestNoticeBytes));
        router.rpc(notifyVmStopped, service.notifyVmStopped, upTo(largestNoticeBytes));
        router.rpc(notifyPossibleGap, service.notifyPossibleGap, upTo(largestNoticeBytes));
      },
    });
  };
}

/** The HTTP exchange of a batch that Connect's adapter reads. */
interface BatchExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Its room, once it is admitted. */
  room?: Room;
}

/** Lets the room of a batch grow with what Connect's adapter reads of its body. */
function watchBody(request: IncomingMessage, response: ServerResponse): BatchExchange {
  const exchange: BatchExchange = { request, response };
  const read = request[Symbol.asyncIterator].bind(request);
  request[Symbol.asyncIterator] = async function* () {
    let bytes = 0;
    for await (const chunk of read()) {
      bytes += chunk.length;
      exchange.room?.growTo(bytes);
      yield chunk;
    }
    exchange.room?.arrived();
    return undefined;
  };
  return exchange;
}

/** Admits a batch until its response closes. */
function admit({ values }: HandlerContext, admission: Admission): void {
  const exchange = values.get(batchKey);
  if (exchange === undefined) return;
  const { request, response } = exchange;
  // Connect is waiting for the body, so the connection is all that can be ended.
  const room = admission.admit(() => request.destroy());
  exchange.room = room;
  if (response.closed) room.leave();
  else response.once('close', room.leave);
}

/** Cuts the connection of batches whose acknowledgement a fault loses. */
function loseAcknowledgements({ losesAcknowledgement }: BillingFaults): Interceptor {
  return (next) => async (request) => {
    const answer = await next(request);
    const exchange = request.contextValues.get(batchKey);
    if (exchange !== undefined && losesAcknowledgement()) cutConnection(exchange.response);
    return answer;
  };
}

const requestKey = createContextKey<IncomingMessage | undefined>(undefined, { description: 'the HTTP request' });

const batchKey = createContextKey<BatchExchange | undefined>(undefined, {
  description: 'the HTTP exchange of a batch',
});
