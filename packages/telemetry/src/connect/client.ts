import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { context, propagation, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';
import { ATTR_RPC_RESPONSE_STATUS_CODE, rpcCodes } from '../requests/rpc-codes.ts';

/**
 * Makes the interceptor for a Connect client: one client span an RPC, whose context the server receives.
 *
 * @example
 * createConnectTransport({ baseUrl, httpVersion: '1.1', interceptors: [connectClientInterceptor(telemetry.tracer)] })
 */
export function connectClientInterceptor(tracer: Tracer): Interceptor {
  return (next) => async (request) => {
    const url = new URL(request.url);
    const procedure = `${request.service.typeName}/${request.method.name}`;
    const attributes = {
      [ATTR_RPC_SYSTEM_NAME]: 'connectrpc',
      [ATTR_RPC_METHOD]: procedure,
      [ATTR_SERVER_ADDRESS]: url.hostname,
      [ATTR_SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    };
    const span = tracer.startSpan(procedure, { kind: SpanKind.CLIENT, attributes });
    const spanContext = trace.setSpan(context.active(), span);
    propagation.inject(spanContext, request.header, { set: (headers, name, value) => headers.set(name, value) });
    try {
      const response = await context.with(spanContext, next, undefined, request);
      span.setAttribute(ATTR_RPC_RESPONSE_STATUS_CODE, 'ok');
      return response;
    } catch (error) {
      const { code, message } = ConnectError.from(error, Code.Unknown);
      const word = rpcCodes[code] ?? 'unknown';
      span.setAttributes({ [ATTR_RPC_RESPONSE_STATUS_CODE]: word, [ATTR_ERROR_TYPE]: word });
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      throw error;
    } finally {
      span.end();
    }
  };
}
