import type { ServerResponse } from 'node:http';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import { largestBatch } from '@vmobs/wire/billable';
import { BillingService, SendMetricsBatchResponseSchema } from '@vmobs/wire/billing';
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { cutConnection } from '../faults/batch-faults.ts';
import type { BillingFaults } from '../faults/with-faults.ts';
import type { BillagedMetrics } from '../metrics.ts';
import type { Admission } from './admission.ts';
import { createBatchDecoder } from './batch-decoder/batch-decoder.ts';
import { type ReceivedBatch, WireFormatError } from './batch-decoder/received-batch.ts';
import type { BatchAnswer, BatchReceiver } from './batch-receiver.ts';
import type { RequireBillingToken } from './billing-token.ts';
import { checkTimeout, contentTypes, errorBody, httpStatusOf } from './connect-unary.ts';
import { freeBody, type Reading, readBody } from './request-body.ts';

/** Options of `batchRoute`. */
export interface BatchRouteOptions {
  readonly receive: BatchReceiver;
  readonly logger: Logger;
  readonly admission: Admission;
  readonly metrics: Pick<BillagedMetrics, 'errors'>;
  /** Maximum size of a body in bytes. */
  readonly maxRequestBytes: number;
  readonly faults: BillingFaults;
  /** Is called before anything else of a request is looked at. */
  readonly requireToken: RequireBillingToken;
}

type ConstraintStrategy = Parameters<FastifyInstance['addConstraintStrategy']>[0];
type RoutedHandler = NonNullable<ReturnType<ReturnType<ConstraintStrategy['storage']>['get']>>;

/** Path of SendMetricsBatch. */
export const batchPath = `/${BillingService.typeName}/${BillingService.method.sendMetricsBatch.name}`;

/** The route constraint that selects this route among those of the same path. */
const constraint = 'plainConnectProto';

/**
 * SendMetricsBatch in the simplest form of Connect: unary, binary, not compressed. metald sends nothing else, and the generic
 * adapter takes eight times as long. The adapter handles every other form on the same path; this route answers as the
 * adapter would.
 */
export const batchRoute: FastifyPluginCallback<BatchRouteOptions> = (app, options, done) => {
  const { receive, logger, admission, metrics, maxRequestBytes, faults, requireToken } = options;
  const decode = createBatchDecoder(largestBatch);
  const encode = createAnswerEncoder();
  // As in the original, the line of a successful call is at `debug`; billing has already written one. All requests share
  // one logger, because making a logger takes as long as writing a line.
  const quietLogger = logger.child({}, { level: logger.isLevelEnabled('warn') ? 'warn' : logger.level });

  // A request that does not match the constraint goes to the adapter's route of the same path.
  app.addConstraintStrategy({
    name: constraint,
    storage() {
      const handlers = new Map<unknown, RoutedHandler>();
      return { get: (key) => handlers.get(key) ?? null, set: (key, handler) => void handlers.set(key, handler) };
    },
    deriveConstraint: ({ headers }) =>
      headers['content-type'] === contentTypes.proto && [undefined, 'identity'].includes(headers['content-encoding']),
  });
  // `answer` reads the body: Fastify would read it outside of the request's trace context.
  app.addContentTypeParser(contentTypes.proto, (_request, _body, parsed) => parsed(null));

  app.route({
    method: 'POST',
    url: batchPath,
    constraints: { [constraint]: true },
    handler: answer,
    childLoggerFactory: () => (logger.isLevelEnabled('debug') ? logger : quietLogger),
    errorHandler: (error, _request, reply) => sendError(error, reply),
  });

  async function answer({ raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
    const arrivedAt = performance.now();
    const { 'connect-timeout-ms': timeout } = raw.headers;
    requireToken(raw);
    const reading: Reading = {};
    const room = admission.admit((error) => reading.stop?.(error));
    try {
      // As the adapter does: the timeout must be valid, but a batch that has arrived is billed even after it.
      checkTimeout(timeout);
      await faults.beforeRpc();
      const body = await readBody(raw, { maxBytes: maxRequestBytes, room, reading });
      const delay = faults.beforeProcessing();
      if (delay !== undefined) await delay;
      const answered = encode(await receive(decodeOrRefuse(body), arrivedAt));
      if (faults.losesAcknowledgement()) cutConnection(reply.hijack().raw);
      else sendAnswer(reply.hijack().raw, answered);
    } finally {
      room.leave();
    }
  }

  function decodeOrRefuse(body: Buffer): ReceivedBatch {
    try {
      return decode(body);
    } catch (error) {
      if (!(error instanceof WireFormatError)) throw error;
      throw new ConnectError(`parse binary: ${error.message}`, Code.InvalidArgument, undefined, undefined, error);
    } finally {
      freeBody(body);
    }
  }

  function sendError(error: unknown, reply: FastifyReply): void {
    // Any other error is a bug of the service. The client learns no details; the log has them.
    if (!(error instanceof ConnectError)) metrics.errors.inc({ component: 'api' });
    const answered = error instanceof ConnectError ? error : new ConnectError('internal error', Code.Internal);
    reply
      .code(httpStatusOf(answered.code))
      .headers({ ...Object.fromEntries(answered.metadata), 'content-type': contentTypes.json })
      .send(errorBody(answered));
  }
  done();
};

function sendAnswer(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': contentTypes.proto, 'content-length': body.length });
  response.end(body, 'latin1');
}

/**
 * Makes the encoder of answers. It returns a string with one character per byte: Node sends headers and a string in one
 * write, headers and bytes in two. Most answers equal the previous one, so it is kept.
 */
function createAnswerEncoder(): (answer: BatchAnswer) => string {
  let last: BatchAnswer = { success: false, message: '' };
  let body = '';
  return (answer) => {
    if (answer.message !== last.message) {
      last = answer;
      const bytes = toBinary(SendMetricsBatchResponseSchema, create(SendMetricsBatchResponseSchema, answer));
      body = Buffer.from(bytes).toString('latin1');
    }
    return body;
  };
}
