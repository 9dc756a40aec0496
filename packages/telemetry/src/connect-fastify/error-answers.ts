import { Code, ConnectError } from '@connectrpc/connect';
import type { FastifyError, FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { codeOfHttpStatus } from '../requests/rpc-codes.ts';

/**
 * Plugin for the part of a Fastify application that has its RPCs; register it before `fastifyConnectPlugin`. Requests that
 * Fastify itself refuses also get a Connect error. A method that does not exist is `unimplemented` with the HTTP status 404,
 * which Connect, gRPC and gRPC-Web clients all understand. A media type that is not one of an RPC is left to Connect, whose
 * error lists the allowed ones.
 *
 * @example
 * ```ts
 * import Fastify from 'fastify';
 * import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
 * import { connectDeadlineInterceptor, connectServerInterceptor, watchRefusals } from '@vmobs/telemetry/connect';
 * import { connectErrorAnswers } from '@vmobs/telemetry/connect-fastify';
 * import { fastifyOptions, fastifyTelemetry, h2cServer } from '@vmobs/telemetry/fastify';
 *
 * const app = Fastify({ ...fastifyOptions(telemetry), serverFactory: h2cServer() });
 * await app.register(fastifyTelemetry(telemetry));
 * await app.register(async (rpcs) => {
 *   await rpcs.register(connectErrorAnswers);
 *   await rpcs.register(fastifyConnectPlugin, {
 *     requestGate: watchRefusals,
 *     interceptors: [connectServerInterceptor(), connectDeadlineInterceptor({ limitMs: 30_000 })],
 *     routes: () => undefined,
 *   });
 * });
 * ```
 */
export const connectErrorAnswers: FastifyPluginCallback = fastifyPlugin(
  (app: FastifyInstance, _options: object, done: () => void) => {
    app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null, undefined));
    app.addHook('onRequest', (request, _reply, next) => {
      next(hasAddress(request) ? undefined : new ConnectError('invalid host', Code.InvalidArgument));
    });
    // Fastify closes the connection of a request that is too large; HTTP/2 does not have this header.
    app.addHook('onSend', ({ raw }, reply, _payload, next) => {
      if (raw.httpVersionMajor === 2) reply.removeHeader('connection');
      next();
    });
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((_request, reply) =>
      reply.code(404).send({ code: 'unimplemented', message: 'unknown method' }),
    );
    done();
  },
  { name: '@vmobs/telemetry/connect-errors', fastify: '5.x' },
);

/** Whether Connect can parse the request's URL; otherwise it leaves the request unanswered. */
function hasAddress({ raw }: FastifyRequest): boolean {
  const authority = raw.headers[':authority'] ?? raw.headers.host;
  return authority !== undefined && URL.canParse(raw.url ?? '/', `http://${String(authority)}`);
}

function answerError(error: FastifyError | ConnectError, _request: FastifyRequest, reply: FastifyReply): void {
  const statusCode = error instanceof ConnectError ? 400 : (error.statusCode ?? 500);
  const message = error instanceof ConnectError ? error.rawMessage : error.message;
  void reply
    .code(statusCode)
    .send({ code: codeOfHttpStatus(statusCode), message: statusCode < 500 ? message : 'internal error' });
}
