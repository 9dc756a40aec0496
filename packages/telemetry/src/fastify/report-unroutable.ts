import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type HttpMetrics, methodLabel, unmatchedRoute } from '../requests/http-metrics.ts';
import { statusOfClosed } from '../requests/response-status.ts';

/**
 * Makes the function for requests that reach no route and no hook, such as one with a malformed URL: it logs, counts and
 * answers them.
 */
export function createUnroutableReporter(httpMetrics: () => HttpMetrics) {
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
