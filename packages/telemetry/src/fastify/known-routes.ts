import type { FastifyRequest } from 'fastify';
import { type HttpMetrics, methodLabel } from '../requests/http-metrics.ts';
import { describeRoute, type KnownRoute, type RpcRoutes } from '../requests/known-route.ts';

/** Finds the route of a request; `undefined` when it is to be left alone. */
export type FindRoute = (request: FastifyRequest) => KnownRoute | undefined;

/** Makes what finds routes and works out what is known of each only once. @param rpcs the RPCs by path */
export function createRouteFinder(http: HttpMetrics, rpcs: RpcRoutes): FindRoute {
  // Fastify has one such object for each route, and one for whatever no route takes.
  const known = new WeakMap<object, Map<string, KnownRoute>>();

  return (request) => {
    // Fastify puts these options together at each reading.
    const { config, url } = request.routeOptions;
    if (config.telemetry === false) return undefined;
    const method = methodLabel(request.method);
    const byMethod = known.get(config) ?? new Map<string, KnownRoute>();
    const found = byMethod.get(method);
    if (found !== undefined) return found;
    const route = describeRoute({ http, rpcs }, method, url);
    known.set(config, byMethod.set(method, route));
    return route;
  };
}
