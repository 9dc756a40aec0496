import {
  type FastifyError,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import { statusOfClosed } from '../requests/call-outcome.ts';
import { type HttpMetrics, methodLabel, unmatchedRoute } from '../requests/http-metrics.ts';
import type { Telemetry } from '../start-telemetry.ts';

/**
 * Options for `Fastify()`: the logger of telemetry, with Fastify's own request lines off, since the plugin writes one;
 * requests that no route takes are counted, and those that arrive while the service ends are answered.
 */
export function fastifyOptions({
  logger,
  httpMetrics,
}: Pick<Telemetry, 'logger' | 'httpMetrics'>): FastifyServerOptions {
  return {
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: createUnroutableReporter(httpMetrics),
    // What a client has sent before it could hear of the end is answered; the response announces the end of its connection.
    return503OnClosing: false,
  };
}

/**
 * Makes the function for requests that reach no route and no hook, such as one with a malformed URL: it logs, counts and
 * answers them.
 */
function createUnroutableReporter(httpMetrics: () => HttpMetrics) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const startedAt = performance.now();
    const record = httpMetrics().recorder(methodLabel(request.method), unmatchedRoute);
    reply.raw.once('close', () => {
      record(statusOfClosed(request.raw, reply.raw), (performance.now() - startedAt) / 1_000);
    });
    request.log.warn({ error: error.message }, 'http request could not be routed');
    void reply.code(error.statusCode ?? 400).send(error);
  };
}
