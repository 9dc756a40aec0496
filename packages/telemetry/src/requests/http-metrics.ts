import { anyValue } from '../definitions/definition.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { BoundHistogram } from '../metrics/histogram.ts';

/** Schemes of a request. A proxy may send others; they are not used, because the scheme becomes a label. */
const urlSchemes = ['http', 'https'] as const;

/** Scheme of a request. */
export type UrlScheme = (typeof urlSchemes)[number];

/** Requests in flight; the code that begins and ends a call changes the count. */
export interface ActiveRequests {
  count: number;
}

interface ActiveLabels {
  readonly http_request_method: string;
  readonly url_scheme: UrlScheme;
}

/** Records one request that has ended. */
export type HttpRecorder = (statusCode: number, seconds: number) => void;

/** The metrics of a server's HTTP requests. The caller keeps the returned objects, so that a request needs no lookup. */
export interface HttpMetrics {
  /** The requests in flight of a method and a scheme. */
  active(method: string, scheme: UrlScheme): ActiveRequests;
  /**
   * Makes the recorder of a method and a route.
   *
   * @param route pattern of the route; never the requested path, which clients can make up
   */
  recorder(method: string, route: string): HttpRecorder;
}

/**
 * Methods that become label values; any other is `otherMethod`, so that a scanner cannot create series.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 */
const knownMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']);

/** Replaces every other method in labels and attributes. */
export const otherMethod = '_OTHER';

/** The label of a request without a route. */
export const unmatchedRoute = 'unmatched';

/** The value of a method in labels and attributes. */
export function methodLabel(method: string): string {
  return knownMethods.has(method) ? method : otherMethod;
}

/** Bucket edges of HTTP durations, in seconds. @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
export const durationBuckets = {
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  reasonForBuckets: 'The edges that the OpenTelemetry HTTP metrics convention recommends.',
} as const;

/** Returns a function for the metrics of HTTP requests, with OpenTelemetry's names. Its first call defines them. */
export function httpMetricsOf(catalogue: Catalogue): () => HttpMetrics {
  let metrics: HttpMetrics | undefined;
  return () => {
    metrics ??= defineHttpMetrics(catalogue);
    return metrics;
  };
}

function defineHttpMetrics(catalogue: Catalogue): HttpMetrics {
  const duration = catalogue.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP requests that are not RPCs, in seconds.',
    labels: { http_request_method: anyValue, http_route: anyValue, http_response_status_code: anyValue },
    ...durationBuckets,
  });
  const running = new Map<string, ActiveRequests & { readonly labels: ActiveLabels }>();
  catalogue.observed({
    type: 'gauge',
    name: 'http_server_active_requests',
    help: 'HTTP requests in flight, including RPCs.',
    labels: { http_request_method: anyValue, url_scheme: urlSchemes },
    read: () => Array.from(running.values(), ({ labels, count }) => [labels, count] as const),
  });

  return {
    active(method, scheme) {
      const key = `${scheme} ${method}`;
      const active = running.get(key) ?? { count: 0, labels: { http_request_method: method, url_scheme: scheme } };
      running.set(key, active);
      return active;
    },
    recorder(method, route) {
      const byStatus = new Map<number, BoundHistogram>();
      return (statusCode, seconds) => {
        let series = byStatus.get(statusCode);
        if (series === undefined) {
          const http_response_status_code = String(statusCode);
          series = duration.labels({ http_request_method: method, http_route: route, http_response_status_code });
          byStatus.set(statusCode, series);
        }
        series.observe(seconds);
      };
    },
  };
}
