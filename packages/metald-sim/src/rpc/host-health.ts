import { arch, availableParallelism, cpus, freemem, hostname, totalmem } from 'node:os';
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
 * otherwise 503 with the host `degraded`. Its fields have the types and units of the real metald, whatever their names say:
 * `duration_ms` is a whole number of nanoseconds, `uptime` is that of the service as Go writes a duration.
 */
export function createHostHealth({ version, backend, pingBackend }: HostHealthOptions): FastifyPluginCallback {
  const startedAt = performance.now();
  return (app, _options, done) => {
    app.get('/_/health', { config: { telemetry: false }, logLevel: 'silent' }, async (_request, reply) => {
      let system: object = {};
      const checks = {
        backend_ping: await check(pingBackend),
        system_info: await check(async () => {
          system = describeHost(performance.now() - startedAt);
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
    return { status: 'healthy', duration_ms: nanosecondsSince(startedAt), timestamp };
  } catch (error) {
    const reason = messageOf(error);
    return { status: 'degraded', duration_ms: nanosecondsSince(startedAt), error: reason, timestamp };
  }
}

function nanosecondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 1e6);
}

/** The names of Go for architectures that Node names otherwise. */
const goArchitectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
};

/** A duration of at least 0 as Go writes it, such as `1h0m2.5s`; below a second with the unit s, which Go also reads. */
export function goDuration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = `${Number(((milliseconds - minutes * 60_000) / 1_000).toFixed(9))}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

function describeHost(uptimeMs: number) {
  const total = totalmem();
  const available = freemem();
  return {
    hostname: hostname(),
    cpu: {
      architecture: goArchitectures[arch()] ?? arch(),
      cores: availableParallelism(),
      model: cpus()[0]?.model ?? 'unknown',
    },
    memory: {
      total_bytes: total,
      used_bytes: total - available,
      available_bytes: available,
      used_percent: (100 * (total - available)) / total,
    },
    uptime: goDuration(uptimeMs),
  };
}
