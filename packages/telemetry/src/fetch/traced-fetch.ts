import { context, propagation, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions';
import type { Catalogue } from '../metrics/catalogue.ts';
import { anyValue } from '../metrics/definition.ts';
import { durationBuckets, methodLabel, otherMethod } from '../requests/http-metrics.ts';
import { redactQuery } from '../requests/redact-query.ts';

/** The global `fetch`, or what is called like it. */
export type Fetch = typeof globalThis.fetch;

/** What a call is known by before it is answered. */
interface FetchCall {
  readonly method: string;
  readonly originalMethod: string;
  readonly url: URL;
  readonly port: number;
}

/**
 * Makes a `fetch` that gives each call a client span, whose context and baggage the server receives, and measures the time
 * until the head of the response is there. Reading the body is the caller's and no part of either.
 *
 * Baggage goes to whoever is called: what it holds is for services that may see it.
 *
 * @param parts `fetch` is the function that is wrapped, the global one of the moment of the call by default
 *
 * @example
 * ```ts
 * const response = await telemetry.fetch(`${billingUrl}/stats`, { signal: AbortSignal.timeout(1_000) });
 * ```
 */
export function createTracedFetch(parts: {
  readonly tracer: Tracer;
  readonly metrics: Catalogue;
  readonly fetch?: Fetch;
}): Fetch {
  const { tracer, metrics, fetch = (...call: Parameters<Fetch>) => globalThis.fetch(...call) } = parts;
  const record = defineClientMetrics(metrics);

  return async (input, init) => {
    const call = describeCall(input, init);
    const startedAt = performance.now();
    const span = tracer.startSpan(call.method === otherMethod ? 'HTTP' : call.method, { kind: SpanKind.CLIENT });
    if (span.isRecording()) describeRequest(span, call);
    const spanContext = trace.setSpan(context.active(), span);
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    propagation.inject(spanContext, headers, { set: (carrier, name, value) => carrier.set(name, value) });

    const end = (statusCode: number | undefined, errorType: string, message?: string) => {
      record(call, statusCode, errorType, (performance.now() - startedAt) / 1_000);
      if (span.isRecording()) describeEnd(span, statusCode, errorType, message);
      span.end();
    };
    return context.with(spanContext, async () => {
      try {
        const response = await fetch(input, { ...init, headers });
        end(response.status, response.status >= 400 ? String(response.status) : '');
        return response;
      } catch (error) {
        end(undefined, errorTypeOf(error), error instanceof Error ? error.message : String(error));
        throw error;
      }
    });
  };
}

function defineClientMetrics(metrics: Catalogue) {
  const duration = metrics.histogram({
    name: 'http_client_request_duration_seconds',
    help: 'Time from a call of fetch to the head of its response, or to its failure, in seconds.',
    labels: {
      http_request_method: anyValue,
      server_address: anyValue,
      server_port: anyValue,
      http_response_status_code: anyValue,
      error_type: anyValue,
    },
    ...durationBuckets,
  });
  return ({ method, url, port }: FetchCall, statusCode: number | undefined, error_type: string, seconds: number) => {
    const http_response_status_code = statusCode === undefined ? '' : String(statusCode);
    const server = { server_address: url.hostname, server_port: String(port) };
    duration.observe({ http_request_method: method, ...server, http_response_status_code, error_type }, seconds);
  };
}

/** @throws TypeError for an address that is none, as `fetch` does. */
function describeCall(input: Parameters<Fetch>[0], init: RequestInit | undefined): FetchCall {
  const url = new URL(input instanceof Request ? input.url : input);
  const given = init?.method ?? (input instanceof Request ? input.method : 'GET');
  // What fetch does with the methods that the standard names, whatever their case.
  const originalMethod = /^(delete|get|head|options|post|put)$/i.test(given) ? given.toUpperCase() : given;
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return { method: methodLabel(originalMethod), originalMethod, url, port };
}

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span */
function describeRequest(span: Span, { method, originalMethod, url, port }: FetchCall): void {
  span.setAttributes({
    [ATTR_HTTP_REQUEST_METHOD]: method,
    [ATTR_SERVER_ADDRESS]: url.hostname,
    [ATTR_SERVER_PORT]: port,
    [ATTR_URL_FULL]: redactUrl(url),
  });
  if (method === otherMethod) span.setAttribute(ATTR_HTTP_REQUEST_METHOD_ORIGINAL, originalMethod);
}

function describeEnd(span: Span, statusCode: number | undefined, errorType: string, message?: string): void {
  if (statusCode !== undefined) span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, statusCode);
  if (errorType === '') return;
  span.setAttribute(ATTR_ERROR_TYPE, errorType);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
}

/** The address without credentials, the values of its query and its fragment, none of which leaves the process. */
function redactUrl(url: URL): string {
  const query = url.search === '' ? '' : `?${redactQuery(url.search.slice(1))}`;
  return `${url.protocol}//${url.host}${url.pathname}${query}`;
}

/** The code of the network where there is one (`ECONNREFUSED`), else the name (`AbortError`, `TimeoutError`). */
function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : error.name;
}
