import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { context } from '@opentelemetry/api';
import { rpcCodes } from '../requests/rpc-codes.ts';
import { type ServerCall, serverCallOf } from '../requests/server-call.ts';
import { watchStream } from './watch-stream.ts';

/**
 * The interceptor for a Connect server: it tells the HTTP hooks with which code an RPC ended, which the HTTP status
 * alone does not say. A stream ends with its last message.
 *
 * @param onFault is told of an error that is no ConnectError: a fault of the handler, not an answer of it
 *
 * @example
 * ```ts
 * import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
 * import { connectServerInterceptor } from '@vmobs/telemetry/connect';
 *
 * await app.register(telemetry.fastify);
 * await app.register(fastifyConnectPlugin, { interceptors: [connectServerInterceptor()], routes });
 * ```
 */
export function connectServerInterceptor(onFault: (error: unknown) => void = () => undefined): Interceptor {
  return (next) => async (request) => {
    const call = serverCallOf(context.active());
    const end = (...[error]: [error?: unknown]) => {
      if (error !== undefined && !(error instanceof ConnectError)) onFault(error);
      if (call !== undefined) noteEnd(call, error);
    };
    try {
      const response = await next(request);
      if (response.stream) return { ...response, message: watchStream(response.message, end) };
      end();
      return response;
    } catch (error) {
      end(error);
      throw error;
    }
  };
}

function noteEnd(call: ServerCall, error: unknown): void {
  if (error === undefined) {
    call.rpcCode = 'ok';
    return;
  }
  // A handler that throws anything else has a fault: Connect answers `internal` and hides what it was.
  const connectError = ConnectError.from(error, Code.Internal);
  call.rpcCode = rpcCodes[connectError.code] ?? 'unknown';
  call.error = error instanceof Error ? error : connectError;
}
