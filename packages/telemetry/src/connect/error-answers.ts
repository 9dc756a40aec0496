import { Code, ConnectError } from '@connectrpc/connect';
import type { FastifyError, FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { codeOfHttpStatus } from '../requests/rpc-codes.ts';

/**
 * Plugin for the part of a Fastify application that holds its RPCs, to be registered before `fastifyConnectPlugin`: what
 * Fastify refuses by itself is answered in the form of a Connect error, too. A method that does not exist is
 * `unimplemented` with the HTTP status 404, which Connect, gRPC and gRPC-Web clients all read so; a media type that is no
 * RPC is left to Connect, which says which ones are.
 *
 * @example
 * ```ts
 * import Fastify from 'fastify';
 * import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
 * import { onePort } from '@vmobs/telemetry';
 * import {
 *   connectDeadlineInterceptor,
 *   connectErrorAnswers,
 *   connectServerInterceptor,
 *   watchRefusals,
 * } from '@vmobs/telemetry/connect';
 *
 * const app = Fastify({ ...telemetry.fastifyOptions, serverFactory: onePort() });
 * await app.register(telemetry.fastify);
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
      next(hasAddress(request) ? undefined : new ConnectError('the host is not one', Code.InvalidArgument));
    });
    // Fastify wants a connection closed on which too much was sent; HTTP/2 knows no such header.
    app.addHook('onSend', ({ raw }, reply, _payload, next) => {
      if (raw.httpVersionMajor === 2) reply.removeHeader('connection');
      next();
    });
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((_request, reply) =>
      reply.code(404).send({ code: 'unimplemented', message: 'there is no such method' }),
    );
    done();
  },
  { name: '@vmobs/telemetry/connect-errors', fastify: '5.x' },
);

/** Connect makes a URL of what the client calls, and leaves a request unanswered when that is none. */
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
