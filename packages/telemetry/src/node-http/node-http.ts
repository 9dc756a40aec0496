import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { propagation, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import type { Health } from '../http/health.ts';
import { answerHealth, isHealthPath, sendJson } from '../http/health-answer.ts';
import type { Logger } from '../logs/logger.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { HttpMetrics } from '../requests/http-metrics.ts';
import { enterLater, keepContext } from '../requests/keep-context.ts';
import { rpcRoutes } from '../requests/known-route.ts';
import { reportCall } from '../requests/report-call.ts';
import type { RpcMetricsOptions } from '../requests/rpc-metrics.ts';
import { type ServerCall, withServerCall } from '../requests/server-call.ts';
import { createResponseWatch } from '../requests/watch-responses.ts';
import { createNodeRouteFinder, type RouteOf } from './find-route.ts';
import { nodeRequestAttributes } from './request-attributes.ts';

/** Answers requests; may throw and may return a promise, unlike a bare listener of `node:http`. */
export type NodeHttpHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Options of `telemetry.nodeHttp`. */
export interface NodeHttpOptions {
  /**
   * The pattern of the route of a request, such as `/vms/:id`; never the path itself, which anyone can make up. Nothing for a
   * path that there is none for, `false` for a request that is to leave no span, metric and log line.
   *
   * @default every request that is no RPC is unmatched
   */
  readonly route?: RouteOf;
  /** The RPC services that this server answers, for a server that speaks Connect. */
  readonly rpc?: RpcMetricsOptions;
}

/**
 * What `telemetry.nodeHttp` is.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 *
 * const server = createServer(
 *   telemetry.nodeHttp((_request, response) => response.end('hello'), {
 *     route: ({ url }) => (url === '/hello' ? '/hello' : undefined),
 *   }),
 * );
 * ```
 */
export type NodeHttp = (handler: NodeHttpHandler, options?: NodeHttpOptions) => RequestListener;

/**
 * Makes what gives each request to a handler of `node:http` one server span, its metrics and one log line, and answers
 * `/health` and `/ready` before it. A handler that throws or rejects is answered with 500 and logged.
 */
export function createNodeHttp(parts: {
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly metrics: Catalogue;
  readonly httpMetrics: () => HttpMetrics;
  readonly health: Health;
}): NodeHttp {
  const { tracer, logger: log, metrics, httpMetrics, health } = parts;
  const serverSpan = { kind: SpanKind.SERVER };

  return (handler, { route: routeOf = () => undefined, rpc } = {}) => {
    const http = httpMetrics();
    const findRoute = createNodeRouteFinder({ http, rpcs: rpcRoutes(metrics, rpc), routeOf });
    const watchResponse = createResponseWatch();

    async function answer(request: IncomingMessage, response: ServerResponse, call?: ServerCall): Promise<void> {
      try {
        await handler(request, response);
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(inspect(cause), { cause });
        if (call === undefined) log.error({ err: error }, 'http request failed');
        else call.error = error;
        if (!response.headersSent)
          sendJson(response, 500, { error: 'internal error; the log of the service says more' });
        else response.destroy();
      }
    }

    return (request, response) => {
      const [path = '/'] = (request.url ?? '/').split('?', 1);
      if (isHealthPath(path) && (request.method === 'GET' || request.method === 'HEAD')) {
        void answerHealth(health, path, response);
        return;
      }
      const route = findRoute(request, path);
      if (route === undefined) {
        void answer(request, response);
        return;
      }
      const startedAt = performance.now();
      const scheme = request.socket instanceof TLSSocket ? 'https' : 'http';
      const parent = propagation.extract(ROOT_CONTEXT, request.headers);
      const span = tracer.startSpan(route.spanName, serverSpan, parent);
      if (span.isRecording()) {
        span.setAttributes(route.attributes).setAttributes(nodeRequestAttributes(request, route.method, scheme));
      }
      const call: ServerCall = { route, span, startedAt };
      const inContext = enterLater(withServerCall(trace.setSpan(parent, span), call));
      route.active[scheme] ??= http.active(route.method, scheme);
      const active = route.active[scheme];
      active.count += 1;
      watchResponse(request, response, () => {
        active.count -= 1;
        inContext(reportCall, undefined, { raw: request, log }, { raw: response }, call);
      });
      keepContext(request, inContext);
      keepContext(response, inContext);
      void inContext(answer, undefined, request, response, call);
    };
  };
}
