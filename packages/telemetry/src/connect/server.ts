import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { context } from '@opentelemetry/api';
import { rpcCodes } from '../requests/rpc-codes.ts';
import { serverCallOf } from '../requests/server-call.ts';

/**
 * The interceptor for a Connect server: it tells the HTTP hooks with which code an RPC ended, which the HTTP status
 * alone does not say.
 *
 * @param onFault is told of an error that is no ConnectError: a fault of the handler, not an answer of it
 *
 * @example
 * await app.register(fastifyConnectPlugin, { interceptors: [connectServerInterceptor()], routes })
 */
export function connectServerInterceptor(onFault: (error: unknown) => void = () => undefined): Interceptor {
  return (next) => async (request) => {
    const call = serverCallOf(context.active());
    try {
      const response = await next(request);
      if (call?.rpc !== undefined) call.rpc.code = 'ok';
      return response;
    } catch (error) {
      if (!(error instanceof ConnectError)) onFault(error);
      if (call?.rpc !== undefined) {
        // A handler that throws anything else has a fault: Connect answers `internal` and hides what it was.
        const connectError = ConnectError.from(error, Code.Internal);
        call.rpc.code = rpcCodes[connectError.code] ?? 'unknown';
        call.error = error instanceof Error ? error : connectError;
      }
      throw error;
    }
  };
}
