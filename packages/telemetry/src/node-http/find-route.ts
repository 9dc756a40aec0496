import type { IncomingMessage } from 'node:http';
import { type HttpMetrics, methodLabel } from '../requests/http-metrics.ts';
import { describeRoute, type KnownRoute, type RpcRoutes } from '../requests/known-route.ts';

/** Gives the pattern of the route of a request, nothing when no route takes it, `false` to leave it alone. */
export type RouteOf = (request: IncomingMessage) => string | false | undefined;

/** So many are kept; a server has fewer, unless its patterns are none. */
const maxKnownRoutes = 1_000;

/**
 * Makes what finds the route of a request and works out what is known of each only once.
 *
 * @returns `undefined` for a request that is to be left alone
 */
export function createNodeRouteFinder(options: {
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
    // A method has no blank.
    const key = pattern === undefined ? method : `${method} ${pattern}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const route = describeRoute(options, method, pattern);
    if (known.size < maxKnownRoutes) known.set(key, route);
    return route;
  };
}
