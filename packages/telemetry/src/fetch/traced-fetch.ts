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
import { codeOf, messageOf } from '@vmobs/settings';
import { anyValue } from '../definitions/definition.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import { durationBuckets, methodLabel, otherMethod } from '../requests/http-metrics.ts';
import { redactQuery } from '../requests/request-attributes.ts';

/** The type of the global `fetch`. */
export type Fetch = typeof globalThis.fetch;

/** A call before its response. */
interface FetchCall {
  readonly method: string;
  readonly originalMethod: string;
  readonly url: URL;
  readonly port: number;
}

/**
 * Makes a `fetch` that gives each call a client span, sends its context and baggage to the server, and measures the time until
 * the head of the response arrives. Neither includes reading the body.
 *
 * Baggage is sent to every server: put nothing in it that one of them must not see.
 *
 * @param parts `fetch` is the wrapped function, by default the global one at the time of the call
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
        end(undefined, errorTypeOf(error), messageOf(error));
        throw error;
      }
    });
  };
}

function defineClientMetrics(metrics: Catalogue) {
  const duration = metrics.histogram({
    name: 'http_client_request_duration_seconds',
    help: 'Time from a call of fetch until the head of its response arrives or the call fails, in seconds.',
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

/** @throws TypeError for an invalid URL, as `fetch` does. */
function describeCall(input: Parameters<Fetch>[0], init: RequestInit | undefined): FetchCall {
  const url = new URL(input instanceof Request ? input.url : input);
  const given = init?.method ?? (input instanceof Request ? input.method : 'GET');
  // As fetch does with the methods of the standard, in any case.
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

/** The URL without credentials, fragment and the values of its query, which must not leave the process. */
function redactUrl(url: URL): string {
  const query = url.search === '' ? '' : `?${redactQuery(url.search.slice(1))}`;
  return `${url.protocol}//${url.host}${url.pathname}${query}`;
}

/** The system code if there is one (`ECONNREFUSED`), else the name (`AbortError`, `TimeoutError`). */
function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  const { cause } = error;
  return codeOf(cause) ?? error.name;
}
