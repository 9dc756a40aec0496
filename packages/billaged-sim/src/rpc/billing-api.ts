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
import type { Admission } from './admission.ts';
import { createBatchLog } from './batch-log.ts';
import { type BatchReceiver, createBatchReceiver } from './batch-receiver.ts';
import { batchPath, batchRoute } from './batch-route.ts';
import { createBillingService } from './billing-service.ts';
import { createBillingToken, type RequireBillingToken } from './billing-token.ts';

/** Time limit of an RPC in milliseconds: far longer than a slow disk takes. */
const rpcLimitMs = 30_000;

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
    const responses = new WeakMap<IncomingMessage, ServerResponse>();
    scope.addHook('onRequest', (request, reply, next) => {
      if (request.routeOptions.url === batchPath) responses.set(request.raw, reply.raw);
      next();
    });
    await scope.register(connectErrorAnswers);
    await scope.register(fastifyConnectPlugin, {
      readMaxBytes: maxRequestBytes,
      contextValues: ({ raw }) => createContextValues().set(requestKey, raw).set(responseKey, responses.get(raw)),
      // Runs before the body is read.
      requestGate(context) {
        watchRefusals(context);
        const request = context.values.get(requestKey);
        if (request !== undefined) requireToken(request);
        admit(context, admission, maxRequestBytes);
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
      routes: (router) =>
        router.service(BillingService, createBillingService({ ledger, metrics, logger, receive, faults })),
    });
  };
}

/** Admits a batch until its response closes. Its progress is not known here, so it counts with its full length. */
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

/** Cuts the connection of batches whose acknowledgement a fault loses. */
function loseAcknowledgements({ losesAcknowledgement }: BillingFaults): Interceptor {
  return (next) => async (request) => {
    const answer = await next(request);
    const response = request.contextValues.get(responseKey);
    if (response !== undefined && losesAcknowledgement()) cutConnection(response);
    return answer;
  };
}

const requestKey = createContextKey<IncomingMessage | undefined>(undefined, { description: 'the HTTP request' });

const responseKey = createContextKey<ServerResponse | undefined>(undefined, {
  description: 'the HTTP response of a batch',
});
