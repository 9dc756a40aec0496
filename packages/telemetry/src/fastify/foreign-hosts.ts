import type { FastifyInstance } from 'fastify';
import { createHostGuard } from '../http/host-guard.ts';

/**
 * Refuses requests with the host name of a stranger, and those of foreign pages that may change something, with 403. The plugin
 * `fastifyTelemetry` does it by itself.
 *
 * @param allowedHosts more names; `.example.com` allows each name below it, and `*` every name as a host
 */
export function refuseForeignHosts(app: FastifyInstance, allowedHosts: readonly string[]): void {
  const refuse = createHostGuard(allowedHosts);
  app.addHook('onRequest', (request, reply, next) => {
    const reason = refuse(request.raw);
    if (reason === undefined) return next();
    // The code is that of Connect, whose clients show the message.
    void reply.code(403).send({ code: 'permission_denied', message: reason });
  });
}
