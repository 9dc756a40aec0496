import { Code, ConnectError, type HandlerContext, type Interceptor } from '@connectrpc/connect';
import { context } from '@opentelemetry/api';
import { rpcCodes } from '../requests/rpc-codes.ts';
import { type ServerCall, serverCallOf } from '../requests/server-call.ts';
import { watchStream } from './watch-stream.ts';

/**
 * The interceptor for a Connect server: it passes the code of an RPC to the HTTP hooks, because the HTTP status alone does not
 * tell it. A stream ends with its last message.
 *
 * @param onFault called with an error that is not a ConnectError: a fault of the handler, not its answer
 *
 * @example
 * ```ts
 * import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
 * import { connectServerInterceptor } from '@vmobs/telemetry/connect';
 * import { fastifyTelemetry } from '@vmobs/telemetry/fastify';
 *
 * await app.register(fastifyTelemetry(telemetry));
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
  // Anything else is a fault of the handler: Connect answers `internal` and hides the error.
  const connectError = ConnectError.from(error, Code.Internal);
  call.rpcCode = rpcCodes[connectError.code] ?? 'unknown';
  call.error = error instanceof Error ? error : connectError;
}

/**
 * The `requestGate` of a Connect server: it lets every RPC pass, and passes the code of an RPC that no interceptor sees to the
 * HTTP hooks, such as one whose body cannot be decoded. gRPC answers those with the HTTP status 200.
 * See the example of `connectErrorAnswers`.
 */
export function watchRefusals({ signal }: HandlerContext): void {
  const call = serverCallOf(context.active());
  if (call?.route.procedure === undefined) return;
  // Connect aborts the signal of each RPC with the error that it answers.
  const noteRefusal = () => {
    const reason: unknown = signal.reason;
    if (call.rpcCode !== undefined || !(reason instanceof ConnectError)) return;
    blameClient(reason);
    // The protocols answer this to no message or two, and to a compression that is not known.
    if (reason.code === Code.Unimplemented) call.isMalformed = true;
    call.rpcCode = rpcCodes[reason.code] ?? 'unknown';
    call.error = reason;
  };
  signal.addEventListener('abort', noteRefusal, { once: true });
}

/**
 * Changes the code of a message that cannot be decoded: Connect for Node answers `internal`, as if the server were at fault, and
 * Connect for Go `invalid_argument`. The error was not sent yet, so it can be corrected, unless the deadline of the RPC aborted
 * the signal first.
 */
function blameClient(refusal: ConnectError): void {
  if (refusal.code !== Code.Internal) return;
  const code = Code.InvalidArgument;
  Object.assign(refusal, { code, message: `[${rpcCodes[code]}] ${refusal.rawMessage}` });
}
