import type { ServerResponse } from 'node:http';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  codeToHttpStatus,
  contentTypeUnaryJson,
  contentTypeUnaryProto,
  errorToJson,
  parseTimeout,
} from '@connectrpc/connect/protocol-connect';
import type { Logger } from '@vmobs/telemetry';
import { BillingService, SendMetricsBatchResponseSchema } from '@vmobs/wire/billing';
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import type { BatchDisturbances } from '../faults-batches.ts';
import type { BillagedMetrics } from '../metrics.ts';
import type { Admission } from './admission.ts';
import { createBatchDecoder } from './batch-decoder/batch-decoder.ts';
import { WireFormatError } from './batch-decoder/protobuf-wire.ts';
import type { ReceivedBatch } from './batch-decoder/received-batch.ts';
import { largestBatch } from './check-batch.ts';
import { cutConnection } from './cut-connection.ts';
import { announcedBytes, freeBody, readBody } from './read-body.ts';
import type { BatchAnswer, BatchReceiver } from './receive-batch.ts';

/** Options of `batchRoute`. */
export interface BatchRouteOptions {
  readonly receive: BatchReceiver;
  readonly logger: Logger;
  readonly admission: Admission;
  readonly metrics: Pick<BillagedMetrics, 'errors'>;
  /** Largest body that is read. */
  readonly maxRequestBytes: number;
  /** Faults of every RPC. @throws what the RPC fails with */
  readonly beforeRpc: () => Promise<void>;
  readonly disturbances: BatchDisturbances;
}

type ConstraintStrategy = Parameters<FastifyInstance['addConstraintStrategy']>[0];
type RoutedHandler = NonNullable<ReturnType<ReturnType<ConstraintStrategy['storage']>['get']>>;

/** Path of SendMetricsBatch. */
export const batchPath = `/${BillingService.typeName}/${BillingService.method.sendMetricsBatch.name}`;

/** The constraint of this route among those of the same path. */
const constraint = 'plainConnectProto';

/**
 * SendMetricsBatch in Connect's plainest form: unary, binary, not compressed. That is what metald sends all day, and the
 * generic adapter takes eight times as long for it. The same path in any other form is left to the adapter, and what is
 * answered here is what the adapter would answer.
 */
export const batchRoute: FastifyPluginCallback<BatchRouteOptions> = (app, options, done) => {
  const { receive, logger, admission, metrics, maxRequestBytes, beforeRpc, disturbances } = options;
  const decode = createBatchDecoder(largestBatch);
  const encode = createAnswerEncoder();
  // The line of a call that went well is at `debug` in the original, and billing has written one already. One logger for
  // all: to make one for each request takes as long as a line.
  const quietLogger = logger.child({}, { level: logger.isLevelEnabled('warn') ? 'warn' : logger.level });

  // A request that the constraint does not match falls to the route of the same path without one.
  app.addConstraintStrategy({
    name: constraint,
    storage() {
      const handlers = new Map<unknown, RoutedHandler>();
      return { get: (key) => handlers.get(key) ?? null, set: (key, handler) => void handlers.set(key, handler) };
    },
    deriveConstraint: ({ headers }) =>
      headers['content-type'] === contentTypeUnaryProto &&
      [undefined, 'identity'].includes(headers['content-encoding']),
  });
  // The body is read below: Fastify would read it outside of the context of the request.
  app.addContentTypeParser(contentTypeUnaryProto, (_request, _body, parsed) => parsed(null));

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
    const room = admission.admit(announcedBytes(raw, maxRequestBytes));
    try {
      // As by the adapter: a timeout has to be readable, and a batch that came is billed even when its time is over.
      const { error } = typeof timeout === 'string' ? parseTimeout(timeout, Number.MAX_SAFE_INTEGER) : {};
      if (error !== undefined) throw error;
      await beforeRpc();
      const body = await readBody(raw, maxRequestBytes, room.growTo);
      const disturbance = disturbances.beforeProcessing();
      if (disturbance !== undefined) await disturbance;
      const answered = encode(await receive(decodeOrRefuse(body), arrivedAt));
      if (disturbances.losesAcknowledgement()) cutConnection(reply.hijack().raw);
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
    // A handler that throws anything else has a fault, and what it was stays in the log.
    if (!(error instanceof ConnectError)) metrics.errors.inc({ component: 'api' });
    const answered = error instanceof ConnectError ? error : new ConnectError('internal error', Code.Internal);
    reply
      .code(codeToHttpStatus(answered.code))
      .headers({ ...Object.fromEntries(answered.metadata), 'content-type': contentTypeUnaryJson })
      .send(Buffer.from(JSON.stringify(errorToJson(answered, undefined))));
  }
  done();
};

function sendAnswer(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': contentTypeUnaryProto, 'content-length': body.length });
  response.end(body, 'latin1');
}

/**
 * Makes what writes answers, as a text with a character for each byte: Node sends headers and text in one piece, headers
 * and bytes in two. Most answers are the same as the one before.
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
