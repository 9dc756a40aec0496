import { Agent, request as requestHttp1 } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { MalformedBytes, MalformedRequest } from './malformed-requests.ts';

/** What came back. A connection that was closed without a word has the status 0. */
export interface RoughAnswer {
  readonly status: number;
  /** Code of a gRPC status, in headers, trailers or the trailers of gRPC-Web, where there is one. */
  readonly grpcStatus?: number;
  readonly body: string;
}

/** A client that sends what no well-behaved client sends. */
export interface RoughClient {
  send(request: MalformedRequest | MalformedBytes): Promise<RoughAnswer>;
  close(): void;
}

/** How long an answer may take, in milliseconds: longer than any limit of the server that a request can run into. */
const patienceMs = 20_000;

/** Makes a client with one HTTP/2 connection and a few of HTTP/1.1, which it opens anew when they are closed. */
export function createRoughClient(url: string): RoughClient {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let session: ClientHttp2Session | undefined;

  function openSession(): ClientHttp2Session {
    if (session === undefined || session.closed || session.destroyed) {
      session = connectHttp2(url);
      session.on('error', () => undefined);
    }
    return session;
  }

  function sendHttp1({ method, path, headers, body }: MalformedRequest): Promise<RoughAnswer> {
    return new Promise((resolve) => {
      const request = requestHttp1({ host: hostname, port, agent, method, path, headers, timeout: patienceMs });
      request.on('error', () => resolve(closed));
      request.on('timeout', () => request.destroy());
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('close', () =>
          resolve(answerOf(response.statusCode, { ...response.headers, ...response.trailers }, chunks)),
        );
      });
      request.end(body);
    });
  }

  function sendHttp2({ method, path, headers, body }: MalformedRequest): Promise<RoughAnswer> {
    return new Promise((resolve) => {
      const stream = openSession().request({ ':method': method, ':path': path, ...headers });
      const chunks: Buffer[] = [];
      let received: Readonly<Record<string, unknown>> = {};
      const keep = (more: object) => {
        received = { ...received, ...more };
      };
      stream.setTimeout(patienceMs, () => stream.close());
      stream.on('error', () => undefined);
      stream.on('response', keep).on('trailers', keep);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('close', () => resolve(answerOf(received[':status'], received, chunks)));
      stream.end(body);
    });
  }

  /** Says it all, ends its side, and reads until the other side is closed, too. */
  function sendBytes({ bytes }: MalformedBytes): Promise<RoughAnswer> {
    return new Promise((resolve) => {
      const socket = connect({ host: hostname, port: Number(port) });
      const chunks: Buffer[] = [];
      socket.setTimeout(patienceMs, () => socket.destroy());
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('close', () => {
        const status = /^HTTP\/1\.1 (\d{3})/.exec(Buffer.concat(chunks).toString('latin1'))?.[1];
        resolve({ status: Number(status ?? 0), body: Buffer.concat(chunks).toString('latin1') });
      });
      socket.end(bytes);
    });
  }

  return {
    send(request) {
      if (request.kind === 'bytes') return sendBytes(request);
      return request.kind === 'http/2' ? sendHttp2(request) : sendHttp1(request);
    },
    close() {
      agent.destroy();
      session?.destroy();
    },
  };
}

const closed: RoughAnswer = { status: 0, body: '' };

function answerOf(status: unknown, headers: Readonly<Record<string, unknown>>, chunks: readonly Buffer[]): RoughAnswer {
  const body = Buffer.concat(chunks).toString('latin1');
  const grpcStatus = headers['grpc-status'] ?? /grpc-status: (\d+)/.exec(body)?.[1];
  return { status: Number(status ?? 0), body, ...(grpcStatus !== undefined && { grpcStatus: Number(grpcStatus) }) };
}
