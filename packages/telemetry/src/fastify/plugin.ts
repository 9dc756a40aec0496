import { type Context, context, propagation, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_ROUTE,
  ATTR_RPC_METHOD,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '@opentelemetry/semantic-conventions';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Health } from '../http/health.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import { defineHttpMetrics, methodLabel, otherMethod } from '../requests/http-metrics.ts';
import { createCallReporter } from '../requests/report-call.ts';
import { defineRpcMetrics, type RpcMetricsOptions } from '../requests/rpc-metrics.ts';
import { type ServerCall, serverCallOf, withServerCall } from '../requests/server-call.ts';

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
 * `/ready`. Hooks alone do it, so no module needs to be loaded in a particular order.
 */
export function createFastifyPlugin(parts: {
  readonly tracer: Tracer;
  readonly metrics: Catalogue;
  readonly health: Health;
}): FastifyTelemetryPlugin {
  const { tracer, metrics, health } = parts;

  const plugin: FastifyTelemetryPlugin = (app, { rpc }, done) => {
    const report = createCallReporter({
      http: defineHttpMetrics(metrics),
      ...(rpc && { rpc: defineRpcMetrics(metrics, rpc) }),
    });
    const rpcMethods = new Map(
      rpc?.services.flatMap(({ typeName, methods }) => methods.map(({ name }) => [`/${typeName}/${name}`, name])),
    );

    app.addHook('onRequest', (request, reply, next) => {
      if (request.routeOptions.config.telemetry === false) return next();
      const parent = propagation.extract(ROOT_CONTEXT, request.headers);
      const call = startCall(request, parent);
      const callContext = withServerCall(trace.setSpan(parent, call.span), call);
      // `close` comes after every end of a response: sent, failed, or given up by the client.
      reply.raw.once('close', () => context.with(callContext, () => report(request, reply, call)));
      context.with(callContext, next);
    });

    app.addHook('onError', (_request, _reply, error, next) => {
      const call = serverCallOf(context.active());
      if (call !== undefined) call.error = error;
      next();
    });

    function startCall(request: FastifyRequest, parent: Context): ServerCall {
      const route = request.routeOptions.url;
      const method = methodLabel(request.method);
      const attributes = {
        [ATTR_HTTP_REQUEST_METHOD]: method,
        [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: method === otherMethod ? request.method : undefined,
        [ATTR_URL_PATH]: request.url.split('?', 1)[0] ?? '/',
        [ATTR_URL_SCHEME]: request.protocol,
        [ATTR_CLIENT_ADDRESS]: request.ip,
        [ATTR_HTTP_ROUTE]: route,
        [ATTR_USER_AGENT_ORIGINAL]: request.headers['user-agent'],
      };
      const rpcMethod = route === undefined ? undefined : rpcMethods.get(route);
      if (route === undefined || rpcMethod === undefined) {
        // A method that is not known is `HTTP` in a name, as the convention has it.
        const verb = method === otherMethod ? 'HTTP' : method;
        const name = route === undefined ? verb : `${verb} ${route}`;
        return { span: tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent) };
      }
      const procedure = route.slice(1);
      const rpcAttributes = { ...attributes, [ATTR_RPC_SYSTEM_NAME]: 'connectrpc', [ATTR_RPC_METHOD]: procedure };
      const span = tracer.startSpan(procedure, { kind: SpanKind.SERVER, attributes: rpcAttributes }, parent);
      return { span, rpc: { method: rpcMethod, procedure } };
    }

    const quiet = { config: { telemetry: false }, logLevel: 'silent' } as const;
    app.get('/health', quiet, (_request, reply) => reply.header('cache-control', 'no-store').send(health.health()));
    app.get('/ready', quiet, (_request, reply: FastifyReply) => {
      const { statusCode, body } = health.ready();
      return reply.code(statusCode).header('cache-control', 'no-store').send(body);
    });
    done();
  };
  return fastifyPlugin(plugin, { name: '@vmobs/telemetry', fastify: '5.x' });
}
