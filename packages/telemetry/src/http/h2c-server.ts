import { type RequestListener, Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { endSession } from './end-session.ts';
import { dropUnreadAnswers } from './unread-answer.ts';
import { boundStream, closeUnread } from './unread-request.ts';

/** Options of `h2cServer`. */
export interface H2cServerOptions extends Partial<DetectionOptions> {
  /** How long a request may take to arrive, including its body, in milliseconds. @default 30_000 */
  readonly requestTimeoutMs?: number;
  /** How long an idle connection stays open, in milliseconds. @default 120_000 */
  readonly idleTimeoutMs?: number;
  /** Largest size of the headers of a request, in bytes. @default 16_384 */
  readonly maxHeaderBytes?: number;
  /** Largest number of concurrent requests on an HTTP/2 connection. @default 250, as in Go's server */
  readonly maxConcurrentStreams?: number;
  /** How long a client may take nothing of an answer that waits for it, in milliseconds. @default 10_000 */
  readonly unreadAnswerMs?: number;
}

/** How often the limits of time are checked, in milliseconds. Node's default is 30 s, longer than the limits themselves. */
const checkIntervalMs = 1_000;

/**
 * Streams that a client may reset on an HTTP/2 connection at once, and then in each second; then the connection ends. A client
 * resets the stream of each call whose deadline ends. With Node's default of 33 a second, the patient calls of its connection
 * failed with them. These are as many as 250 streams with deadlines of 25 ms need; a flood of resets is far above.
 */
const streamResets = { streamResetBurst: 10_000, streamResetRate: 10_000 } as const;

/**
 * Makes the `serverFactory` of a Fastify application that serves HTTP/1.1 and HTTP/2 without TLS (h2c with prior knowledge, as
 * gRPC clients use it) on one port. Both reach the same routes and hooks. Closing the server ends HTTP/2 sessions with GOAWAY:
 * running requests are answered, also those that were on their way when the client heard of it, and no new ones start.
 *
 * An upgrade from HTTP/1.1 (`Upgrade: h2c`) is answered in HTTP/1.1, as RFC 9113 allows.
 *
 * @example
 * ```ts
 * import { fastifyOptions, h2cServer } from '@vmobs/telemetry/fastify';
 * import Fastify from 'fastify';
 *
 * const app = Fastify({ ...fastifyOptions(telemetry), serverFactory: h2cServer() });
 * ```
 */
export function h2cServer(options: H2cServerOptions = {}): (handler: RequestListener) => Server {
  const limits = {
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    idleTimeoutMs: 120_000,
    maxHeaderBytes: 16_384,
    maxConcurrentStreams: 250,
    unreadAnswerMs: 10_000,
    ...options,
  };
  return (handler) => new H2cServer(handler, limits);
}

/**
 * An HTTP/1.1 server that passes HTTP/2 connections to an internal HTTP/2 server. It emits `http2` with their socket, so that
 * code that watches its connections knows which ones belong to the HTTP/2 server.
 */
class H2cServer extends Server {
  readonly #http2: Http2Server;
  readonly #sessions = new Set<Http2Session>();
  /** Connections whose protocol is not known yet. */
  readonly #silent = new Set<Socket>();

  constructor(handler: RequestListener, limits: Required<H2cServerOptions>) {
    super(
      {
        maxHeaderSize: limits.maxHeaderBytes,
        requestTimeout: limits.requestTimeoutMs,
        connectionsCheckingInterval: checkIntervalMs,
      },
      handler,
    );
    this.headersTimeout = limits.headersTimeoutMs;
    this.keepAliveTimeout = limits.idleTimeoutMs;
    this.#http2 = this.#createHttp2Server(limits);
    dropUnreadAnswers(this, { unreadAnswerMs: limits.unreadAnswerMs, checkIntervalMs });

    // Before the handler, which may answer at once.
    this.prependListener('request', (request, response) => {
      if (request.httpVersionMajor === 1) closeUnread(request, response);
    });
    const takeHttp1 = this.listeners('connection');
    this.removeAllListeners('connection');
    this.on('connection', (socket: Socket) => {
      this.#silent.add(socket);
      socket.once('close', () => this.#silent.delete(socket));
      detectProtocol(socket, limits, (protocol) => {
        this.#silent.delete(socket);
        if (protocol === 'http/1') {
          for (const take of takeHttp1) take.call(this, socket);
        } else {
          // HTTP/1.1 answers a client that has closed its side; an HTTP/2 session ends then.
          socket.allowHalfOpen = false;
          this.emit('http2', socket);
          this.#http2.emit('connection', socket);
        }
      });
    });
  }

  #createHttp2Server(limits: Required<H2cServerOptions>): Http2Server {
    const { maxHeaderBytes, maxConcurrentStreams, requestTimeoutMs, idleTimeoutMs } = limits;
    const server = createHttp2Server({
      ...streamResets,
      settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes, enablePush: false },
    });
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      session.setTimeout(idleTimeoutMs, () => {
        session.close();
        // Streams that do not end, such as those with unread answers, would keep a closed session for ever.
        const deadline = setTimeout(() => session.destroy(), requestTimeoutMs).unref();
        session.once('close', () => clearTimeout(deadline));
      });
    });
    server.on('stream', (stream) => boundStream(stream, requestTimeoutMs));
    // Node gives HTTP/2 requests the interface of HTTP/1.1 ones, so the same handler serves both.
    server.on('request', (request, response) => this.emit('request', request, response));
    return server;
  }

  override close(callback?: (error?: Error) => void): this {
    for (const socket of this.#silent) socket.destroy();
    for (const session of this.#sessions) endSession(session);
    return super.close(callback);
  }

  override closeAllConnections(): void {
    for (const session of this.#sessions) session.destroy();
    super.closeAllConnections();
  }
}

/** The first bytes of every HTTP/2 client. No HTTP/1 request can begin with them. @see https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** The protocol of a connection. */
type HttpProtocol = 'http/1' | 'http/2';

/** Limits of protocol detection. */
interface DetectionOptions {
  /** How long a client may take to send the bytes that tell its protocol, in milliseconds. @default 10_000 */
  readonly headersTimeoutMs: number;
}

/**
 * Reads the first bytes of a new connection, puts them back and reports the protocol. A connection that ends, fails or stays
 * silent for too long before that is closed.
 */
function detectProtocol(
  socket: Socket,
  { headersTimeoutMs }: DetectionOptions,
  onKnown: (protocol: HttpProtocol) => void,
): void {
  let read = Buffer.alloc(0);
  const giveUp = () => socket.destroy();
  const deadline = setTimeout(giveUp, headersTimeoutMs);

  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    read = Buffer.concat([read, chunk]);
    const compared = Math.min(read.length, http2Preface.length);
    const isHttp2 = read.compare(http2Preface, 0, compared, 0, compared) === 0;
    if (isHttp2 && compared < http2Preface.length) return;
    stop();
    socket.unshift(read);
    onKnown(isHttp2 ? 'http/2' : 'http/1');
  };
  const stop = () => {
    clearTimeout(deadline);
    socket.off('readable', onReadable).off('end', giveUp).off('error', giveUp).off('close', stop);
  };
  socket.on('readable', onReadable).on('end', giveUp).on('error', giveUp).on('close', stop);
}
