import { context, propagation, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import type { FastifyPluginCallback, FastifyReply } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Health } from '../http/health.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { HttpMetrics } from '../requests/http-metrics.ts';
import { enterLater, keepContext } from '../requests/keep-context.ts';
import { rpcRoutes } from '../requests/known-route.ts';
import { reportCall } from '../requests/report-call.ts';
import type { RpcMetricsOptions } from '../requests/rpc-metrics.ts';
import { type ServerCall, serverCallOf, withServerCall } from '../requests/server-call.ts';
import { createResponseWatch } from '../requests/watch-responses.ts';
import { createRouteFinder } from './known-routes.ts';
import { requestAttributes } from './request-attributes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `false` leaves a route without span, metrics and log line. */
    telemetry?: boolean;
  }
}

/** Options of the Fastify plugin. */
export interface FastifyTelemetryOptions {
  /** The RPC services that this server answers, for a server that speaks Connect. */
  readonly rpc?: RpcMetricsOptions;
}

/** The plugin that `telemetry.fastify` is. */
export type FastifyTelemetryPlugin = FastifyPluginCallback<FastifyTelemetryOptions>;

/**
 * Makes the plugin that gives each request one server span, its metrics and one log line, and adds `/health` and
 * `/ready`. Hooks alone do it, so no module needs to be loaded in a particular order. What an application adds to
 * `onRequest` before this plugin runs outside of the span, and a request that is answered there is not seen.
 */
export function createFastifyPlugin(parts: {
  readonly tracer: Tracer;
  readonly metrics: Catalogue;
  readonly httpMetrics: () => HttpMetrics;
  readonly health: Health;
}): FastifyTelemetryPlugin {
  const { tracer, metrics, httpMetrics, health } = parts;
  const serverSpan = { kind: SpanKind.SERVER };

  const plugin: FastifyTelemetryPlugin = (app, { rpc }, done) => {
    const http = httpMetrics();
    const findRoute = createRouteFinder(http, rpcRoutes(metrics, rpc));
    const watchResponse = createResponseWatch();

    app.addHook('onRequest', (request, reply, next) => {
      const route = findRoute(request);
      if (route === undefined) return next();
      const startedAt = performance.now();
      const parent = propagation.extract(ROOT_CONTEXT, request.headers);
      const span = tracer.startSpan(route.spanName, serverSpan, parent);
      if (span.isRecording()) {
        span.setAttributes(route.attributes).setAttributes(requestAttributes(request, route.method));
      }
      const call: ServerCall = { route, span, startedAt };
      const inContext = enterLater(withServerCall(trace.setSpan(parent, span), call));
      const scheme = request.protocol === 'https' ? 'https' : 'http';
      route.active[scheme] ??= http.active(route.method, scheme);
      const active = route.active[scheme];
      active.count += 1;
      watchResponse(request.raw, reply.raw, () => {
        active.count -= 1;
        inContext(reportCall, undefined, request, reply, call);
      });
      keepContext(request.raw, inContext);
      keepContext(reply.raw, inContext);
      inContext(next);
    });

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
