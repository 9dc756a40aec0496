import type { IncomingMessage, ServerResponse } from 'node:http';
import { createContextKey, createContextValues, type HandlerContext, type Interceptor } from '@connectrpc/connect';
import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
import type { ServiceFaults } from '@vmobs/faults';
import type { Logger } from '@vmobs/telemetry';
import {
  connectDeadlineInterceptor,
  connectErrorAnswers,
  connectServerInterceptor,
  watchRefusals,
} from '@vmobs/telemetry/connect';
import { BillingService } from '@vmobs/wire/billing';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { BatchDisturbances } from '../faults-batches.ts';
import type { UsageLedger } from '../ledger/ledger.ts';
import type { BillagedMetrics } from '../metrics.ts';
import type { Admission } from './admission.ts';
import { createBatchLog } from './batch-log.ts';
import { batchPath, batchRoute } from './batch-route.ts';
import { createBillingService } from './billing-service.ts';
import { cutConnection } from './cut-connection.ts';
import { type BatchReceiver, createBatchReceiver } from './receive-batch.ts';

/** How long an RPC may take, in milliseconds: far longer than a disk that is slow. */
const rpcLimitMs = 30_000;

/** Options of `addBillingApi`. */
export interface BillingApiOptions {
  readonly ledger: Pick<UsageLedger, 'append' | 'start' | 'stop' | 'gap'>;
  readonly metrics: BillagedMetrics;
  readonly logger: Logger;
  readonly admission: Admission;
  /** Largest request that is read. */
  readonly maxRequestBytes: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Faults of any RPC, and those of batches. */
  readonly faults: Pick<ServiceFaults, 'interceptor' | 'beforeRpc'>;
  readonly disturbances: BatchDisturbances;
}

/** Adds `billing.v1.BillingService` to an application: batches by their own route, everything else by Connect's adapter. */
export async function addBillingApi(app: FastifyInstance, options: BillingApiOptions): Promise<void> {
  const { ledger, metrics, logger, admission, maxRequestBytes, now, faults, disturbances } = options;
  const log = createBatchLog({ logger });
  app.addHook('onClose', async () => log.close());
  const receive = createBatchReceiver({ ledger, metrics, logger, log, now });
  const { beforeRpc } = faults;
  await app.register(batchRoute, { receive, logger, admission, metrics, maxRequestBytes, beforeRpc, disturbances });
  // A scope of its own, so that what it needs costs the batch route nothing.
  await app.register(createGenericApi(options, receive));
}

/** Makes the plugin that answers the whole service in every form that Connect's adapter knows. */
function createGenericApi(options: BillingApiOptions, receive: BatchReceiver): FastifyPluginAsync {
  const { ledger, metrics, logger, admission, maxRequestBytes, faults, disturbances } = options;
  return async (scope) => {
    // Connect's adapter does not tell its gate which response it asks for.
    const responses = new WeakMap<IncomingMessage, ServerResponse>();
    scope.addHook('onRequest', (request, reply, next) => {
      if (request.routeOptions.url === batchPath) responses.set(request.raw, reply.raw);
      next();
    });
    await scope.register(connectErrorAnswers);
    await scope.register(fastifyConnectPlugin, {
      readMaxBytes: maxRequestBytes,
      contextValues: ({ raw }) => createContextValues().set(responseKey, responses.get(raw)),
      // Asked before a body is read.
      requestGate(context) {
        watchRefusals(context);
        admit(context, admission, maxRequestBytes);
      },
      interceptors: [
        connectServerInterceptor(() => metrics.errors.inc({ component: 'api' })),
        connectDeadlineInterceptor({
          limitMs: rpcLimitMs,
          onLateFailure: (error) => logger.error({ err: error }, 'rpc failed after its deadline'),
        }),
        faults.interceptor,
        loseAcknowledgements(disturbances),
      ],
      routes: (router) =>
        router.service(BillingService, createBillingService({ ledger, metrics, logger, receive, disturbances })),
    });
  };
}

/** Takes a batch in until its response is over. Nobody tells how much of it has come, so its length is what may come. */
function admit({ requestHeader, values }: HandlerContext, admission: Admission, maxRequestBytes: number): void {
  const response = values.get(responseKey);
  if (response === undefined) return;
  const announced = requestHeader.get('content-length');
  const { leave } = admission.admit(
    Math.min(announced === null ? maxRequestBytes : Number(announced), maxRequestBytes),
  );
  if (response.closed) leave();
  else response.once('close', leave);
}

/** Cuts the connection of batches whose acknowledgement is to be lost. */
function loseAcknowledgements({ losesAcknowledgement }: BatchDisturbances): Interceptor {
  return (next) => async (request) => {
    const answer = await next(request);
    const response = request.contextValues.get(responseKey);
    if (response !== undefined && losesAcknowledgement()) cutConnection(response);
    return answer;
  };
}

const responseKey = createContextKey<ServerResponse | undefined>(undefined, {
  description: 'the HTTP response of a batch',
});
