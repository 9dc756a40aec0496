import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import type { Tracer } from '@opentelemetry/api';
import type { Health } from '../http/health.ts';
import { answerHealth, isHealthPath, sendJson } from '../http/health-endpoints.ts';
import type { HostGuard } from '../http/host-guard.ts';
import type { Logger } from '../logs/logger.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import { createCallStart, type FrameworkRequest } from '../requests/begin-call.ts';
import { type HttpMetrics, methodLabel, type UrlScheme } from '../requests/http-metrics.ts';
import { describeRoute, type KnownRoute, type RpcRoutes, rpcRoutes } from '../requests/known-route.ts';
import type { RequestEndpoints } from '../requests/request-attributes.ts';
import type { RpcMetricsOptions } from '../requests/rpc-metrics.ts';
import type { ServerCall } from '../requests/server-call.ts';

/** Handles requests. Unlike a bare listener of `node:http`, it may throw or return a promise. */
export type NodeHttpHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Returns the route pattern of a request, `undefined` for one without a route, and `false` for one without telemetry. */
type RouteOf = (request: IncomingMessage) => string | false | undefined;

/** Options of `telemetry.nodeHttp`. */
export interface NodeHttpOptions {
  /**
   * Returns the route pattern of a request, such as `/vms/:id`, and never the path itself, which clients can make up. Return
   * `undefined` for a path without a route, and `false` for a request without span, metrics and log line.
   *
   * @default every request that is not an RPC is unmatched
   */
  readonly route?: RouteOf;
  /** The RPC services of this server, if it speaks Connect. */
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
 * Makes the function that gives each request to a handler of `node:http` one server span, its metrics and one log line, and
 * answers `/health` and `/ready` before it. A handler that throws or rejects is answered with 500 and logged.
 */
export function createNodeHttp(parts: {
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly metrics: Catalogue;
  readonly httpMetrics: () => HttpMetrics;
  readonly health: Health;
  readonly refuse: HostGuard;
}): NodeHttp {
  const { tracer, logger: log, metrics, httpMetrics, health, refuse } = parts;

  return (handler, { route: routeOf = () => undefined, rpc } = {}) => {
    const http = httpMetrics();
    const findRoute = createRouteFinder({ http, rpcs: rpcRoutes(metrics, rpc), routeOf });
    const beginCall = createCallStart({ tracer, http, endpointsOf });

    async function answer(request: IncomingMessage, response: ServerResponse, call?: ServerCall): Promise<void> {
      const reason = refuse(request);
      if (reason !== undefined) return sendJson(response, 403, { code: 'permission_denied', message: reason });
      try {
        await handler(request, response);
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(inspect(cause), { cause });
        if (call === undefined) log.error({ err: error }, 'http request failed');
        else call.error = error;
        if (!response.headersSent) sendJson(response, 500, { error: 'internal error; see the log of the service' });
        else response.destroy();
      }
    }

    return (request, response) => {
      const [path = '/'] = (request.url ?? '/').split('?', 1);
      if (
        refuse(request) === undefined &&
        isHealthPath(path) &&
        (request.method === 'GET' || request.method === 'HEAD')
      ) {
        void answerHealth(health, path, response);
        return;
      }
      const route = findRoute(request, path);
      if (route === undefined) {
        void answer(request, response);
        return;
      }
      const { call, inContext } = beginCall({ raw: request, log }, response, { route, scheme: schemeOf(request) });
      void inContext(answer, undefined, request, response, call);
    };
  };
}

function schemeOf({ socket }: IncomingMessage): UrlScheme {
  return socket instanceof TLSSocket ? 'https' : 'http';
}

/** Both ends of the connection; headers of a proxy are not trusted. */
function endpointsOf({ raw }: FrameworkRequest): RequestEndpoints {
  const scheme = schemeOf(raw);
  const { host } = raw.headers;
  const address = host === undefined ? null : URL.parse(`${scheme}://${host}`);
  const port = Number(address?.port) || (scheme === 'https' ? 443 : 80);
  return {
    scheme,
    clientAddress: raw.socket.remoteAddress,
    serverAddress: address?.hostname,
    serverPort: address === null ? undefined : port,
  };
}

/** Largest number of cached routes; real servers stay below it. */
const maxKnownRoutes = 1_000;

/**
 * Makes the function that finds the route of a request and describes each route only once. It returns `undefined` for a
 * request without telemetry.
 */
function createRouteFinder(options: {
  readonly http: HttpMetrics;
  readonly rpcs: RpcRoutes;
  readonly routeOf: RouteOf;
}): (request: IncomingMessage, path: string) => KnownRoute | undefined {
  const { rpcs, routeOf } = options;
  const known = new Map<string, KnownRoute>();

  return (request, path) => {
    const pattern = rpcs.has(path) ? path : routeOf(request);
    if (pattern === false) return undefined;
    const method = methodLabel(request.method ?? '');
    // Methods contain no spaces, so a space separates method and pattern.
    const key = pattern === undefined ? method : `${method} ${pattern}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const route = describeRoute(options, method, pattern);
    if (known.size < maxKnownRoutes) known.set(key, route);
    return route;
  };
}
