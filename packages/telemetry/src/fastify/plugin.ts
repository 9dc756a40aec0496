import { context } from '@opentelemetry/api';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { createCallStart } from '../requests/begin-call.ts';
import { type HttpMetrics, methodLabel } from '../requests/http-metrics.ts';
import { describeRoute, type KnownRoute, type RpcRoutes, rpcRoutes } from '../requests/known-route.ts';
import type { RequestEndpoints } from '../requests/request-attributes.ts';
import type { RpcMetricsOptions } from '../requests/rpc-metrics.ts';
import { serverCallOf } from '../requests/server-call.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { refuseForeignHosts } from './foreign-hosts.ts';
import { watchParserRefusals } from './parser-refusals.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `false` leaves a route without span, metrics and log line. */
    telemetry?: boolean;
  }
}

/** Options of the Fastify plugin. */
export interface FastifyTelemetryOptions {
  /** The RPC services of this server, if it speaks Connect. */
  readonly rpc?: RpcMetricsOptions;
}

/**
 * Makes the plugin that gives each request one server span, its metrics and one log line, and adds `/health` and `/ready`.
 * Requests of foreign hosts and pages are refused, as the setting `allowedHosts` says. It only uses hooks, so the order in which modules are loaded does not matter. An `onRequest` hook that is added before this
 * plugin runs outside the span, and a request that it answers is not seen.
 *
 * @example
 * ```ts
 * import { fastifyOptions, fastifyTelemetry } from '@vmobs/telemetry/fastify';
 * import Fastify from 'fastify';
 *
 * const app = Fastify(fastifyOptions(telemetry));
 * await app.register(fastifyTelemetry(telemetry));
 * ```
 */
export function fastifyTelemetry(
  telemetry: Pick<Telemetry, 'tracer' | 'metrics' | 'httpMetrics' | 'health' | 'logger' | 'settings'>,
): FastifyPluginCallback<FastifyTelemetryOptions> {
  const { tracer, metrics, httpMetrics, health, logger, settings } = telemetry;

  const plugin: FastifyPluginCallback<FastifyTelemetryOptions> = (app, { rpc }, done) => {
    const http = httpMetrics();
    const findRoute = createRouteFinder(http, rpcRoutes(metrics, rpc));
    const beginCall = createCallStart({ tracer, http, endpointsOf });
    const refusals = watchParserRefusals(app.server, { http, logger });

    app.addHook('onRequest', (request, reply, next) => {
      refusals.note(request.raw, reply.raw);
      const route = findRoute(request);
      if (route === undefined) return next();
      const scheme = request.protocol === 'https' ? 'https' : 'http';
      beginCall(request, reply.raw, { route, scheme }).inContext(next);
    });

    refuseForeignHosts(app, settings.allowedHosts);

    app.addHook('onError', (_request, _reply, error, next) => {
      const call = serverCallOf(context.active());
      if (call !== undefined) call.error = error;
      next();
    });

    const quiet = { config: { telemetry: false }, logLevel: 'silent' } as const;
    app.get('/health', quiet, (_request, reply) => reply.header('cache-control', 'no-store').send(health.health()));
    app.get('/ready', quiet, async (_request, reply: FastifyReply) => {
      const { statusCode, body } = await health.ready();
      return reply.code(statusCode).header('cache-control', 'no-store').send(body);
    });
    done();
  };
  return fastifyPlugin(plugin, { name: '@vmobs/telemetry', fastify: '5.x' });
}

function endpointsOf({ protocol, ip, hostname, port }: FastifyRequest): RequestEndpoints {
  return { scheme: protocol, clientAddress: ip, serverAddress: hostname, serverPort: port ?? undefined };
}

/**
 * Makes the function that finds the route of a request and describes each route only once. It returns `undefined` for a route
 * without telemetry.
 */
function createRouteFinder(http: HttpMetrics, rpcs: RpcRoutes): (request: FastifyRequest) => KnownRoute | undefined {
  // Fastify has one config object per route, and one for requests without a route.
  const known = new WeakMap<object, Map<string, KnownRoute>>();

  return (request) => {
    // Fastify builds these options at each access.
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
