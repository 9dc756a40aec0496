import { Http2ServerResponse } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import type { FastifyError, FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { codeOfHttpStatus } from '../requests/rpc-codes.ts';

/**
 * Plugin for the part of a Fastify application that has its RPCs; register it before `fastifyConnectPlugin`. Requests that
 * Fastify itself refuses also get a Connect error. A method that does not exist is `unimplemented`: for gRPC in its own status with
 * the HTTP status 200, as its specification asks for, and otherwise with 404. A method or a media type that is not one of an RPC is refused with what
 * is allowed; so are `application/grpc-web-text` and the preflight request of a page of another origin, which are not served.
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
    app.addHook('onRequest', (request, reply, next) => {
      const refusal = refusalOf(request);
      if (refusal === undefined) {
        next();
        return;
      }
      const { statusCode, header, message } = refusal;
      void reply
        .header(...header)
        .code(statusCode)
        .send({ code: codeOfHttpStatus(statusCode), message });
    });
    // Fastify closes the connection of a request that is too large; HTTP/2 does not have this header.
    app.addHook('onSend', ({ raw }, reply, _payload, next) => {
      if (raw.httpVersionMajor === 2) reply.removeHeader('connection');
      next();
    });
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((request, reply) => {
      if (isGrpc(request) && endGrpc(reply, Code.Unimplemented, 'unknown method')) return;
      void reply.code(404).send({ code: 'unimplemented', message: 'unknown method' });
    });
    done();
  },
  { name: '@vmobs/telemetry/connect-errors', fastify: '5.x' },
);

/** Whether Connect can parse the request's URL; otherwise it leaves the request unanswered. */
function hasAddress({ raw }: FastifyRequest): boolean {
  const authority = raw.headers[':authority'] ?? raw.headers.host;
  return authority !== undefined && URL.canParse(raw.url ?? '/', `http://${String(authority)}`);
}

/** Whether a request is one of gRPC, not of gRPC-Web. */
function isGrpc({ method, headers }: FastifyRequest): boolean {
  return method === 'POST' && /^application\/grpc(?:$|[+; ])/.test(headers['content-type'] ?? '');
}

/**
 * Answers with the status of gRPC alone, in headers that end the stream: clients take it from nowhere else.
 *
 * @returns whether the request came over HTTP/2, which gRPC needs
 */
function endGrpc(reply: FastifyReply, code: Code, message: string): boolean {
  const raw: unknown = reply.raw;
  if (!(raw instanceof Http2ServerResponse)) return false;
  reply.hijack();
  raw.setHeader('content-type', 'application/grpc');
  raw.setHeader('grpc-status', String(code));
  raw.setHeader('grpc-message', message);
  // Without a head of its own before it, this is one frame.
  raw.end();
  return true;
}

/** The media types of Connect, gRPC and gRPC-Web. */
const mediaTypes = [
  'application/json',
  'application/proto',
  'application/connect+json',
  'application/connect+proto',
  'application/grpc',
  'application/grpc+proto',
  'application/grpc+json',
  'application/grpc-web',
  'application/grpc-web+proto',
  'application/grpc-web+json',
];

/** Why a request cannot be an RPC, with the header that says what can. */
interface Refusal {
  readonly statusCode: 405 | 415;
  readonly header: readonly [name: string, value: string];
  readonly message: string;
}

/** Refuses a request to an RPC that is none; Connect does it without a word. */
function refusalOf({ method, headers, is404, url }: FastifyRequest): Refusal | undefined {
  // Connect may serve a GET that has a message.
  const isGet = method === 'GET' && /[?&]encoding=/.test(url);
  if (is404 || isGet) return undefined;
  if (method !== 'POST') {
    const others = method === 'OPTIONS' ? '; pages of other origins are not served' : '';
    const message = `${method} is not allowed; an RPC is a POST${others}`;
    return { statusCode: 405, header: ['allow', 'POST'], message };
  }
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  if (mediaTypes.includes(type.trim().toLowerCase())) return undefined;
  const allowed = mediaTypes.join(', ');
  const message = `content-type ${JSON.stringify(type)} is none of ${allowed}`;
  return { statusCode: 415, header: ['accept-post', allowed], message };
}

function answerError(error: FastifyError | ConnectError, _request: FastifyRequest, reply: FastifyReply): void {
  const statusCode = error instanceof ConnectError ? 400 : (error.statusCode ?? 500);
  const message = error instanceof ConnectError ? error.rawMessage : error.message;
  void reply
    .code(statusCode)
    .send({ code: codeOfHttpStatus(statusCode), message: statusCode < 500 ? message : 'internal error' });
}
