import { arch, availableParallelism, cpus, freemem, hostname, totalmem, uptime } from 'node:os';
import { messageOf } from '@vmobs/settings';
import type { FastifyPluginCallback } from 'fastify';

/** Options of `createHostHealth`. */
export interface HostHealthOptions {
  readonly version: string;
  /** The hypervisor, such as `firecracker`. */
  readonly backend: string;
  /** Reaches the backend. @throws Error when it cannot be reached */
  readonly pingBackend: () => Promise<void>;
}

/** The result of one check. */
interface Check {
  readonly status: 'healthy' | 'degraded';
  readonly duration_ms: number;
  readonly error?: string;
  readonly timestamp: string;
}

/**
 * Makes the Fastify plugin for `/_/health`, the page of the real metald about its host: 200 when every check is healthy,
 * otherwise 503 with the host `degraded`. `duration_ms` has milliseconds; in the real metald it has nanoseconds.
 */
export function createHostHealth({ version, backend, pingBackend }: HostHealthOptions): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/_/health', { config: { telemetry: false }, logLevel: 'silent' }, async (_request, reply) => {
      let system: object = {};
      const checks = {
        backend_ping: await check(pingBackend),
        system_info: await check(async () => {
          system = describeHost();
        }),
      };
      const status = Object.values(checks).every((one) => one.status === 'healthy') ? 'healthy' : 'degraded';
      const { status: backendStatus, error } = checks.backend_ping;
      return reply
        .code(status === 'healthy' ? 200 : 503)
        .header('cache-control', 'no-cache, no-store, must-revalidate')
        .send({
          status,
          timestamp: new Date().toISOString(),
          version,
          backend: { type: backend, status: backendStatus, ...(error !== undefined && { error }) },
          system,
          checks,
        });
    });
    done();
  };
}

async function check(work: () => Promise<void>): Promise<Check> {
  const startedAt = performance.now();
  const timestamp = new Date().toISOString();
  try {
    await work();
    return { status: 'healthy', duration_ms: performance.now() - startedAt, timestamp };
  } catch (error) {
    const reason = messageOf(error);
    return { status: 'degraded', duration_ms: performance.now() - startedAt, error: reason, timestamp };
  }
}

function describeHost() {
  const total = totalmem();
  const available = freemem();
  return {
    hostname: hostname(),
    cpu: { architecture: arch(), cores: availableParallelism(), model: cpus()[0]?.model ?? 'unknown' },
    memory: {
      total_bytes: total,
      used_bytes: total - available,
      available_bytes: available,
      used_percent: (100 * (total - available)) / total,
    },
    uptime: Math.floor(uptime()),
  };
}
