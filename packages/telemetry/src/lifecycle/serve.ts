import { within } from '../deadlines/within.ts';
import { watchConnections } from '../http/connections.ts';
import type { Health } from '../http/health.ts';
import { ListenError, type ListenOptions, urlOf } from '../http/listen.ts';
import type { Logger } from '../logs/logger.ts';
import { controlOf, type HttpServer } from './http-server.ts';

/** Options of `telemetry.listen` and `telemetry.run`. */
export interface ServeOptions extends ListenOptions {
  /** How long `/ready` says `draining` before the port closes, so that load balancers notice first. @default 0 */
  readonly drainDelayMs?: number;
  /** How long requests and close hooks may take to finish. @default 10_000 */
  readonly closeTimeoutMs?: number;
}

/** What is closed after the application. */
export interface ServedTelemetry {
  readonly health: Health;
  readonly logger: Logger;
  close(): Promise<void>;
}

/** A service that answers requests. */
export interface RunningService {
  /** Address of the API. */
  readonly url: string;
  /**
   * Ends the service in order: not ready, drain delay, no more requests and the application's own close hooks, spans
   * flushed, logs flushed. From the beginning, each response asks its client to reconnect for the next request.
   *
   * @throws Error when requests or close hooks did not finish in time; everything is closed nevertheless.
   */
  close(): Promise<void>;
}

/**
 * Opens the API port and declares the service ready.
 *
 * @param httpServer has no port yet
 * @throws ListenError when the port cannot be had; the application and the telemetry are closed then.
 */
export async function serve(
  telemetry: ServedTelemetry,
  httpServer: HttpServer,
  options: ServeOptions,
): Promise<RunningService> {
  const { host = '127.0.0.1', port, drainDelayMs = 0, closeTimeoutMs = 10_000 } = options;
  const app = controlOf(httpServer, telemetry.logger);
  const connections = watchConnections(app.server);
  try {
    await app.open({ host, port });
  } catch (error) {
    await app.close();
    await telemetry.close();
    throw error instanceof Error && 'syscall' in error ? new ListenError({ ...options, host }, error) : error;
  }
  telemetry.health.readiness = 'ready';

  const close = async () => {
    telemetry.health.readiness = 'draining';
    connections.drain();
    telemetry.logger.info({ drain_delay_ms: drainDelayMs }, 'shutting down');
    await new Promise((resolve) => setTimeout(resolve, drainDelayMs));
    try {
      const closed = app.close();
      connections.closeIdle();
      await within(closed, closeTimeoutMs, () => {
        throw new Error(`requests or close hooks were not done within ${closeTimeoutMs} ms`);
      });
    } finally {
      connections.closeAll();
      await telemetry.close();
    }
  };
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(app.server.address()),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
