import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import {
  type Attributes,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';
import { rpcCodes } from '../requests/rpc-codes.ts';
import { watchStream } from './watch-stream.ts';

/**
 * Makes the interceptor for a Connect client: one client span per RPC, whose context is sent to the server. The span of a stream
 * ends with its last message.
 *
 * @example
 * ```ts
 * import { createConnectTransport } from '@connectrpc/connect-node';
 * import { connectClientInterceptor } from '@vmobs/telemetry/connect';
 *
 * const transport = createConnectTransport({
 *   baseUrl: 'http://localhost:8081',
 *   httpVersion: '1.1',
 *   interceptors: [connectClientInterceptor(telemetry.tracer)],
 * });
 * ```
 */
export function connectClientInterceptor(tracer: Tracer): Interceptor {
  return (next) => async (request) => {
    const procedure = `${request.service.typeName}/${request.method.name}`;
    const span = tracer.startSpan(procedure, { kind: SpanKind.CLIENT });
    if (span.isRecording()) span.setAttributes(callAttributes(procedure, request.url));
    const spanContext = trace.setSpan(context.active(), span);
    propagation.inject(spanContext, request.header, { set: (headers, name, value) => headers.set(name, value) });
    const end = (...[error]: [error?: unknown]) => endSpan(span, error);
    try {
      const response = await context.with(spanContext, next, undefined, request);
      if (response.stream) return { ...response, message: watchStream(response.message, end) };
      end();
      return response;
    } catch (error) {
      end(error);
      throw error;
    }
  };
}

function callAttributes(procedure: string, address: string): Attributes {
  const url = new URL(address);
  return {
    [ATTR_RPC_SYSTEM_NAME]: 'connectrpc',
    [ATTR_RPC_METHOD]: procedure,
    [ATTR_SERVER_ADDRESS]: url.hostname,
    [ATTR_SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
}

function endSpan(span: Span, error: unknown): void {
  if (span.isRecording()) {
    if (error === undefined) span.setAttribute(ATTR_RPC_STATUS_CODE, 'ok');
    else {
      const { code, message } = ConnectError.from(error, Code.Unknown);
      const word = rpcCodes[code] ?? 'unknown';
      span.setAttributes({ [ATTR_RPC_STATUS_CODE]: word, [ATTR_ERROR_TYPE]: word });
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
  }
  span.end();
}
