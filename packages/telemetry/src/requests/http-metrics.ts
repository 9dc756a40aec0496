import type { Catalogue } from '../metrics/catalogue.ts';
import { anyValue } from '../metrics/definition.ts';

/** Counts one HTTP request that has ended. */
export type HttpRecorder = (request: HttpRequestOutcome) => void;

/** How an HTTP request ended. */
export interface HttpRequestOutcome {
  readonly method: string;
  /** Pattern of the route; never the path that was asked for, which anyone can make up. */
  readonly route: string;
  readonly statusCode: number;
  readonly seconds: number;
}

/**
 * Methods that become label values; any other is `otherMethod`, so that a scanner cannot make up series.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 */
const knownMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']);

/** Stands for every other method in labels and attributes. */
export const otherMethod = '_OTHER';

/** The name of a method in labels and attributes. */
export function methodLabel(method: string): string {
  return knownMethods.has(method) ? method : otherMethod;
}

/** Defines the metric of HTTP requests that are not RPCs, as OpenTelemetry names it. */
export function defineHttpMetrics(catalogue: Catalogue): HttpRecorder {
  const duration = catalogue.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP requests that are not RPCs, in seconds.',
    labels: { http_request_method: anyValue, http_route: anyValue, http_response_status_code: anyValue },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    reasonForBuckets: 'The edges that the OpenTelemetry HTTP metrics convention asks for.',
  });
  return ({ method, route, statusCode, seconds }) =>
    duration.observe(
      { http_request_method: methodLabel(method), http_route: route, http_response_status_code: String(statusCode) },
      seconds,
    );
}
