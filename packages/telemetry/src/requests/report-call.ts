import { SpanStatusCode } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE, ATTR_HTTP_RESPONSE_STATUS_CODE } from '@opentelemetry/semantic-conventions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpRecorder } from './http-metrics.ts';
import { ATTR_RPC_RESPONSE_STATUS_CODE, codeOfHttpStatus, isServerFault } from './rpc-codes.ts';
import type { RpcRecorder } from './rpc-metrics.ts';
import type { RpcCall, ServerCall } from './server-call.ts';

/** Status of a request that its client gave up: nginx's number, which Connect uses for `canceled`, too. */
const clientClosedRequest = 499;

/** Makes the function that, when a call has ended, counts it, logs it and ends its span. */
export function createCallReporter({ http, rpc }: { readonly http: HttpRecorder; readonly rpc?: RpcRecorder }) {
  return (request: FastifyRequest, reply: FastifyReply, call: ServerCall): void => {
    const milliseconds = reply.elapsedTime;
    const statusCode = reply.raw.writableFinished ? reply.raw.statusCode : clientClosedRequest;
    call.span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, statusCode);
    if (call.rpc === undefined || rpc === undefined) reportHttp(request, call, statusCode, milliseconds);
    else reportRpc(request, call, call.rpc, statusCode, milliseconds);
    call.span.end();
  };

  function reportHttp(request: FastifyRequest, call: ServerCall, statusCode: number, milliseconds: number): void {
    const route = request.routeOptions.url ?? 'unmatched';
    http({ method: request.method, route, statusCode, seconds: milliseconds / 1_000 });
    if (statusCode >= 500) markFailed(call, String(statusCode));
    const level = statusCode >= 500 ? 'error' : statusCode >= 400 ? 'warn' : 'info';
    request.log[level](
      {
        method: request.method,
        route,
        status: statusCode,
        duration_ms: milliseconds,
        ...(call.error && { err: call.error }),
      },
      'http request',
    );
  }

  function reportRpc(
    request: FastifyRequest,
    call: ServerCall,
    { method, procedure, code: answered }: RpcCall,
    statusCode: number,
    milliseconds: number,
  ): void {
    const code = answered ?? codeOfHttpStatus(statusCode);
    rpc?.(method, code, milliseconds / 1_000);
    call.span.setAttribute(ATTR_RPC_RESPONSE_STATUS_CODE, code);
    if (isServerFault(code)) markFailed(call, code);

    const fields = { procedure, code, duration_ms: milliseconds };
    if (code === 'ok') request.log.info(fields, 'rpc success');
    else if (isServerFault(code)) request.log.error({ ...fields, err: call.error }, 'rpc error');
    else request.log.warn({ ...fields, error: call.error?.message }, 'rpc error');
  }
}

function markFailed({ span, error }: ServerCall, type: string): void {
  span.setAttribute(ATTR_ERROR_TYPE, type);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(error && { message: error.message }) });
  if (error !== undefined) span.recordException(error);
}
