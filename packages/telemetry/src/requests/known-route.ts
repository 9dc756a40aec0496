import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_ROUTE,
  ATTR_RPC_METHOD,
  ATTR_RPC_SYSTEM_NAME,
} from '@opentelemetry/semantic-conventions';
import type { Catalogue } from '../metrics/catalogue.ts';
import { type ActiveRequests, type HttpMetrics, otherMethod, type UrlScheme, unmatchedRoute } from './http-metrics.ts';
import { defineRpcMetrics, type RpcMetricsOptions, type RpcRecorder } from './rpc-metrics.ts';
import type { CalledRoute } from './server-call.ts';

/** A method of a route, with everything that is the same for all its requests. */
export interface KnownRoute extends CalledRoute {
  readonly spanName: string;
  /** Attributes of each of its spans. */
  readonly attributes: Attributes;
  /** Its requests in flight, by the schemes seen so far. */
  readonly active: Partial<Record<UrlScheme, ActiveRequests>>;
}

/** The RPC behind a route. */
interface RpcRoute {
  /** Such as `vmprovisioner.v1.VmService/CreateVm`. */
  readonly procedure: string;
  readonly record: RpcRecorder;
}

/** The RPCs of a server by their path in Connect. */
export type RpcRoutes = ReadonlyMap<string, RpcRoute>;

/** Defines the metrics of a server's RPCs, if it has any, and returns their routes. */
export function rpcRoutes(metrics: Catalogue, options: RpcMetricsOptions | undefined): RpcRoutes {
  if (options === undefined) return new Map();
  const recorderOf = defineRpcMetrics(metrics, options);
  return new Map(
    options.services.flatMap(({ typeName, methods }) =>
      methods.map(({ name }) => {
        const procedure = `${typeName}/${name}`;
        return [`/${procedure}`, { procedure, record: recorderOf(name) }] as const;
      }),
    ),
  );
}

/**
 * Describes a route, for the caller to keep.
 *
 * @param method as a label
 * @param pattern of the route; `undefined` for requests without a route
 */
export function describeRoute(
  { http, rpcs }: { readonly http: HttpMetrics; readonly rpcs: RpcRoutes },
  method: string,
  pattern: string | undefined,
): KnownRoute {
  const route = pattern ?? unmatchedRoute;
  const attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: method,
    ...(pattern !== undefined && { [ATTR_HTTP_ROUTE]: pattern }),
  };
  const rpc = rpcs.get(route);
  if (rpc === undefined) {
    // The convention puts `HTTP` in the name of a span with an unknown method.
    const verb = method === otherMethod ? 'HTTP' : method;
    return {
      method,
      route,
      procedure: undefined,
      record: { http: http.recorder(method, route) },
      spanName: pattern === undefined ? verb : `${verb} ${pattern}`,
      attributes,
      active: {},
    };
  }
  const { procedure } = rpc;
  return {
    method,
    route,
    procedure,
    record: { rpc: rpc.record },
    spanName: procedure,
    attributes: { ...attributes, [ATTR_RPC_SYSTEM_NAME]: 'connectrpc', [ATTR_RPC_METHOD]: procedure },
    active: {},
  };
}
