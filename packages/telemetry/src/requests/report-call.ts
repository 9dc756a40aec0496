import { SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_RPC_STATUS_CODE,
} from '@opentelemetry/semantic-conventions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { statusOfClosed } from './response-status.ts';
import { codeOfHttpStatus, isServerFault, type RpcCode } from './rpc-codes.ts';
import type { ServerCall } from './server-call.ts';

/** Counts a call whose response has closed, logs it and ends its span. */
export function reportCall(
  request: Pick<FastifyRequest, 'raw' | 'log'>,
  reply: Pick<FastifyReply, 'raw'>,
  call: ServerCall,
): void {
  const milliseconds = performance.now() - call.startedAt;
  const statusCode = statusOfClosed(request.raw, reply.raw);
  const { record } = call.route;
  if (call.span.isRecording()) call.span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, statusCode);
  if ('http' in record) {
    record.http(statusCode, milliseconds / 1_000);
    if (statusCode >= 500) markFailed(call, String(statusCode));
    logHttp(request, call, statusCode, milliseconds);
  } else {
    const code = call.rpcCode ?? codeOfHttpStatus(statusCode);
    record.rpc(code, milliseconds / 1_000);
    if (call.span.isRecording()) call.span.setAttribute(ATTR_RPC_STATUS_CODE, code);
    if (isServerFault(code)) markFailed(call, code);
    logRpc(request, call, code, milliseconds);
  }
  call.span.end();
}

function logHttp(
  { log }: Pick<FastifyRequest, 'log'>,
  { route, error }: ServerCall,
  status: number,
  milliseconds: number,
): void {
  const fields = {
    method: route.method,
    route: route.route,
    status,
    duration_ms: milliseconds,
    ...(error && { err: error }),
  };
  log[status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info'](fields, 'http request');
}

function logRpc(
  { log }: Pick<FastifyRequest, 'log'>,
  { route, error }: ServerCall,
  code: RpcCode,
  milliseconds: number,
): void {
  const fields = { procedure: route.procedure, code, duration_ms: milliseconds };
  if (code === 'ok') log.info(fields, 'rpc success');
  else if (isServerFault(code)) log.error({ ...fields, err: error }, 'rpc error');
  else log.warn({ ...fields, error: error?.message }, 'rpc error');
}

function markFailed({ span, error }: ServerCall, type: string): void {
  if (!span.isRecording()) return;
  span.setAttribute(ATTR_ERROR_TYPE, type);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(error && { message: error.message }) });
  if (error !== undefined) span.recordException(error);
}
