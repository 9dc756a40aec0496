import { type RequestListener, Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { boundStream, closeUnread } from './bound-request.ts';
import { type FirstBytesOptions, readFirstBytes } from './first-bytes.ts';

/** Options of `onePort`. */
export interface OnePortOptions extends Partial<FirstBytesOptions> {
  /** How long a request may take to arrive, its body included, in milliseconds. @default 30_000 */
  readonly requestTimeoutMs?: number;
  /** How long a connection that nothing happens on stays open, in milliseconds. @default 120_000 */
  readonly idleTimeoutMs?: number;
  /** Most bytes of the headers of a request. @default 16_384 */
  readonly maxHeaderBytes?: number;
  /** Most requests that run at a time on one HTTP/2 connection. @default 250, that of Go's server */
  readonly maxConcurrentStreams?: number;
}

/**
 * Makes the `serverFactory` of a Fastify application that answers HTTP/1.1 and HTTP/2 without TLS (h2c with prior
 * knowledge, as gRPC clients speak it) on one port. Both reach the same routes and hooks. Closing the server ends HTTP/2
 * sessions with GOAWAY: what runs on them is answered, nothing new begins.
 *
 * Upgrades from HTTP/1.1 (`Upgrade: h2c`) are answered in HTTP/1.1, as RFC 9113 allows.
 *
 * @example
 * ```ts
 * import Fastify from 'fastify';
 * import { onePort } from '@vmobs/telemetry';
 *
 * const app = Fastify({ ...telemetry.fastifyOptions, serverFactory: onePort() });
 * ```
 */
export function onePort(options: OnePortOptions = {}): (handler: RequestListener) => Server {
  const limits = {
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    idleTimeoutMs: 120_000,
    maxHeaderBytes: 16_384,
    maxConcurrentStreams: 250,
    ...options,
  };
  return (handler) => new OnePortServer(handler, limits);
}

/**
 * An HTTP/1.1 server that gives connections that begin as HTTP/2 to an HTTP/2 server beside it. It emits `http2` with the
 * socket when it does, so that whoever watches its connections knows that requests on that one are not its own.
 */
class OnePortServer extends Server {
  readonly #http2: Http2Server;
  readonly #sessions = new Set<Http2Session>();
  /** Connections that have not said yet what they speak. */
  readonly #silent = new Set<Socket>();

  constructor(handler: RequestListener, limits: Required<OnePortOptions>) {
    super({ maxHeaderSize: limits.maxHeaderBytes, requestTimeout: limits.requestTimeoutMs }, handler);
    this.headersTimeout = limits.headersTimeoutMs;
    this.keepAliveTimeout = limits.idleTimeoutMs;
    this.#http2 = this.#createHttp2Server(limits);

    this.on('request', (request, response) => {
      if (request.httpVersionMajor === 1) closeUnread(request, response);
    });
    const takeHttp1 = this.listeners('connection');
    this.removeAllListeners('connection');
    this.on('connection', (socket: Socket) => {
      this.#silent.add(socket);
      socket.once('close', () => this.#silent.delete(socket));
      readFirstBytes(socket, limits, (protocol) => {
        this.#silent.delete(socket);
        if (protocol === 'http/1') {
          for (const take of takeHttp1) take.call(this, socket);
        } else {
          // HTTP/1.1 answers a client that has closed its side; an HTTP/2 session is over then.
          socket.allowHalfOpen = false;
          this.emit('http2', socket);
          this.#http2.emit('connection', socket);
        }
      });
    });
  }

  #createHttp2Server(limits: Required<OnePortOptions>): Http2Server {
    const { maxHeaderBytes, maxConcurrentStreams, requestTimeoutMs, idleTimeoutMs } = limits;
    const server = createHttp2Server({
      settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes, enablePush: false },
    });
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      session.setTimeout(idleTimeoutMs, () => session.close());
    });
    server.on('stream', (stream) => boundStream(stream, requestTimeoutMs));
    // Node gives HTTP/2 requests the interface of HTTP/1.1 ones, so the same handler takes both.
    server.on('request', (request, response) => this.emit('request', request, response));
    return server;
  }

  override close(callback?: (error?: Error) => void): this {
    for (const socket of this.#silent) socket.destroy();
    for (const session of this.#sessions) session.close();
    return super.close(callback);
  }

  override closeAllConnections(): void {
    for (const session of this.#sessions) session.destroy();
    super.closeAllConnections();
  }
}
