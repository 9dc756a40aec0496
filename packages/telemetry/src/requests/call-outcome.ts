import type { IncomingMessage, ServerResponse } from 'node:http';
import { SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_RPC_STATUS_CODE,
} from '@opentelemetry/semantic-conventions';
import type { Logger } from '../logs/logger.ts';
import { codeOfHttpStatus, isServerFault, type RpcCode } from './rpc-codes.ts';
import type { ServerCall } from './server-call.ts';

/** Writes the line of a call. */
export type CallLogger = Pick<Logger, 'info' | 'warn' | 'error'>;

/** Counts a call whose response has closed, logs it and ends its span. */
export function reportOutcome(
  { raw, log }: { readonly raw: IncomingMessage; readonly log: CallLogger },
  response: ServerResponse,
  call: ServerCall,
): void {
  const milliseconds = performance.now() - call.startedAt;
  const statusCode = statusOfClosed(raw, response);
  const { record } = call.route;
  if (call.span.isRecording()) call.span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, statusCode);
  if ('http' in record) {
    record.http(statusCode, milliseconds / 1_000);
    if (statusCode >= 500) markFailed(call, String(statusCode));
    logHttp(log, call, statusCode, milliseconds);
  } else {
    const code = call.rpcCode ?? codeOfHttpStatus(statusCode);
    const isFault = isServerFault(code) && call.isMalformed !== true;
    record.rpc(code, milliseconds / 1_000, isFault);
    if (call.span.isRecording()) call.span.setAttribute(ATTR_RPC_STATUS_CODE, code);
    if (isFault) markFailed(call, code);
    logRpc(log, call, { code, milliseconds, isFault });
  }
  call.span.end();
}

/** Status of a request that its client cancelled: nginx's number, which Connect also uses for `canceled`. */
const clientClosedRequest = 499;

/** Status of a response that the server broke off, whatever status line it had sent. */
const brokenOff = 500;

/** The status of a response that has closed: its own if it was sent whole. */
export function statusOfClosed(request: IncomingMessage, response: ServerResponse): number {
  // A response that is injected without a socket ends and never finishes. In HTTP/2, Node marks a cancelled one as finished,
  // though nobody has ended it.
  if (response.writableEnded && (response.writableFinished || !request.destroyed)) return response.statusCode;
  // An HTTP/2 stream ends independently of its connection.
  if (request.httpVersionMajor === 2) return request.aborted ? clientClosedRequest : brokenOff;
  // The server closed first if it has read neither an end nor an error from the client.
  const { socket } = request;
  return socket.readableEnded || socket.errored != null ? clientClosedRequest : brokenOff;
}

function logHttp(log: CallLogger, { route, error }: ServerCall, status: number, milliseconds: number): void {
  const fields = {
    method: route.method,
    route: route.route,
    status,
    duration_ms: toMicroseconds(milliseconds),
    ...(error && { err: error }),
  };
  log[status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info'](fields, 'http request');
}

function logRpc(
  log: CallLogger,
  { route, error }: ServerCall,
  { code, milliseconds, isFault }: { readonly code: RpcCode; readonly milliseconds: number; readonly isFault: boolean },
): void {
  const fields = { procedure: route.procedure, code, duration_ms: toMicroseconds(milliseconds) };
  if (code === 'ok') log.info(fields, 'rpc success');
  else if (isFault) log.error({ ...fields, err: error }, 'rpc error');
  else log.warn({ ...fields, error: error?.message }, 'rpc error');
}

/** Rounds milliseconds to the resolution of the clock; more digits are floating-point noise, ten bytes per line. */
function toMicroseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}

function markFailed({ span, error }: ServerCall, type: string): void {
  if (!span.isRecording()) return;
  span.setAttribute(ATTR_ERROR_TYPE, type);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(error && { message: error.message }) });
  if (error !== undefined) span.recordException(error);
}
