import type { IncomingMessage, ServerResponse } from 'node:http';
import { propagation, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { type CallLogger, reportOutcome } from './call-outcome.ts';
import type { HttpMetrics, UrlScheme } from './http-metrics.ts';
import type { KnownRoute } from './known-route.ts';
import { dropLongDeadlines } from './long-deadlines.ts';
import { type RequestEndpoints, requestAttributes } from './request-attributes.ts';
import { createResponseWatch } from './response-close.ts';
import { enterLater, type InContext, keepContext, type ServerCall, withServerCall } from './server-call.ts';

/** A request in the form of a framework: Fastify's request is one. */
export interface FrameworkRequest {
  readonly raw: IncomingMessage;
  /** Writes the line of the request. It is read when the response has closed. */
  readonly log: CallLogger;
}

/** Options of `createCallStart`. */
export interface CallStartOptions<Request extends FrameworkRequest> {
  readonly tracer: Tracer;
  readonly http: HttpMetrics;
  /** Called only if the span is recorded. */
  readonly endpointsOf: (request: Request) => RequestEndpoints;
}

/** A call that has begun, and the function that runs code in its context. */
export interface BegunCall {
  readonly call: ServerCall;
  readonly inContext: InContext;
}

/** Begins the call of a request: its span, its context, and its place among the requests in flight. */
export type BeginCall<Request extends FrameworkRequest> = (
  request: Request,
  response: ServerResponse,
  known: { readonly route: KnownRoute; readonly scheme: UrlScheme },
) => BegunCall;

/**
 * Makes the function that begins the calls of one server. When the response closes, the call is counted and logged, and its
 * span ends.
 */
export function createCallStart<Request extends FrameworkRequest>(
  options: CallStartOptions<Request>,
): BeginCall<Request> {
  const { tracer, http, endpointsOf } = options;
  const watchResponse = createResponseWatch();
  const serverSpan = { kind: SpanKind.SERVER };

  return (request, response, { route, scheme }) => {
    const { raw } = request;
    const startedAt = performance.now();
    dropLongDeadlines(raw.headers);
    const parent = propagation.extract(ROOT_CONTEXT, raw.headers);
    const span = tracer.startSpan(route.spanName, serverSpan, parent);
    if (span.isRecording()) {
      span.setAttributes(route.attributes).setAttributes(requestAttributes(raw, route.method, endpointsOf(request)));
    }
    const call: ServerCall = { route, span, startedAt };
    const inContext = enterLater(withServerCall(trace.setSpan(parent, span), call));
    route.active[scheme] ??= http.active(route.method, scheme);
    const active = route.active[scheme];
    active.count += 1;
    watchResponse(raw, response, () => {
      active.count -= 1;
      inContext(reportOutcome, undefined, request, response, call);
    });
    keepContext(raw, inContext);
    keepContext(response, inContext);
    return { call, inContext };
  };
}
