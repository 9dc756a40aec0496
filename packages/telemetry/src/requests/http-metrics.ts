import type { Catalogue } from '../metrics/catalogue.ts';
import { anyValue } from '../metrics/definition.ts';
import type { BoundHistogram } from '../metrics/histogram.ts';

/** Schemes of a request; what a proxy says beyond these is not believed, since it becomes a label. */
const urlSchemes = ['http', 'https'] as const;

/** Scheme of a request. */
export type UrlScheme = (typeof urlSchemes)[number];

/** Requests that run now: who begins one adds to it, who ends it takes away. */
export interface ActiveRequests {
  count: number;
}

interface ActiveLabels {
  readonly http_request_method: string;
  readonly url_scheme: UrlScheme;
}

/** Counts one request that has ended. */
export type HttpRecorder = (statusCode: number, seconds: number) => void;

/** The metrics of a server's HTTP requests. What they give out is kept by the caller, so that a request looks up nothing. */
export interface HttpMetrics {
  /** The requests of a method and a scheme that run now. */
  active(method: string, scheme: UrlScheme): ActiveRequests;
  /**
   * Makes what counts the requests of a method to a route.
   *
   * @param route pattern of the route; never the path that was asked for, which anyone can make up
   */
  recorder(method: string, route: string): HttpRecorder;
}

/**
 * Methods that become label values; any other is `otherMethod`, so that a scanner cannot make up series.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 */
const knownMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']);

/** Stands for every other method in labels and attributes. */
export const otherMethod = '_OTHER';

/** The route of a request that no route took. */
export const unmatchedRoute = 'unmatched';

/** The name of a method in labels and attributes. */
export function methodLabel(method: string): string {
  return knownMethods.has(method) ? method : otherMethod;
}

/** Edges of a duration of HTTP in seconds. @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
export const durationBuckets = {
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  reasonForBuckets: 'The edges that the OpenTelemetry HTTP metrics convention asks for.',
} as const;

/** Gives the metrics of HTTP requests, named as OpenTelemetry names them; the first call defines them. */
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
    help: 'HTTP requests, RPCs among them, whose response has not ended.',
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
