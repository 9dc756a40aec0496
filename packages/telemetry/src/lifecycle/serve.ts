import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { timerMs } from '../deadlines/timer-limit.ts';
import { within } from '../deadlines/within.ts';
import { addressesOf, listenOnFurtherAddresses } from '../http/all-addresses.ts';
import { type Connections, watchConnections } from '../http/connections.ts';
import type { Health } from '../http/health.ts';
import { ListenError, type ListenOptions, urlOf } from '../http/listen.ts';
import type { Logger } from '../logs/logger.ts';
import { enterLater, keepContext } from '../requests/server-call.ts';
import { controlOf, type HttpServer, type ServerControl } from './http-server.ts';

/** Options of `telemetry.listen` and `telemetry.run`. */
export interface ServeOptions extends ListenOptions {
  /** How long `/ready` says `draining` before the port closes, so that load balancers notice first. @default 0 */
  readonly drainDelayMs?: number;
  /**
   * How long running requests may take to finish at the end, in milliseconds. Then their connections are cut, which is logged.
   * Close hooks may take as long again. @default 3_000
   */
  readonly closeTimeoutMs?: number;
  /**
   * Called first when the service ends, before it waits for anything: to stop background work and to store what must not be
   * lost. @default nothing
   */
  readonly onEnding?: () => Promise<void> | void;
  /** Aborted when the service is to end before it is ready: the port is not opened then. @default never */
  readonly signal?: AbortSignal;
}

/** How long the last export may take if nothing before it took time, in milliseconds. */
const flushMs = 3_000;
/** How long the last export may take at least. With it, an end with the default limits takes less than 5 s. */
const leastFlushMs = 1_000;

/** What is closed after the application. */
export interface ServedTelemetry {
  readonly health: Health;
  readonly logger: Logger;
  /** @param flushTimeoutMs how long the last export may take */
  close(flushTimeoutMs: number): Promise<void>;
}

/** A service that answers requests. */
export interface RunningService {
  /** Address of the API. */
  readonly url: string;
  /**
   * Ends the service in order: not ready, `onEnding`, drain delay, no more requests, running requests answered or cut, the
   * application's own close hooks, spans flushed, logs flushed. From the beginning, each response asks its client to reconnect
   * for the next request.
   *
   * @throws Error when `onEnding` or a close hook failed or was not done in time; everything is closed nevertheless.
   */
  close(): Promise<void>;
}

/**
 * Opens the API port and declares the service ready.
 *
 * @param httpServer has no port yet
 * @throws ListenError when the port cannot be had; the application and the telemetry are closed then.
 * @throws the reason of `signal` when it is aborted before the service is ready; both are closed then, too.
 */
export async function serve(
  telemetry: ServedTelemetry,
  httpServer: HttpServer,
  options: ServeOptions,
): Promise<RunningService> {
  const { host = '127.0.0.1', port, signal } = options;
  const app = controlOf(httpServer, telemetry.logger);
  const connections = watchConnections(app.server);
  try {
    signal?.throwIfAborted();
    const [first, ...others] = await addressesOf(host);
    await app.open({ host: first, port });
    await listenOnFurtherAddresses(app.server, others);
    signal?.throwIfAborted();
  } catch (error) {
    await app.close();
    await telemetry.close(flushMs);
    throw error instanceof Error && 'syscall' in error ? new ListenError({ ...options, host }, error) : error;
  }
  telemetry.health.readiness = 'ready';
  const url = urlOf(app.server.address());
  let closing: Promise<void> | undefined;
  return {
    url,
    close() {
      closing ??= context.with(ROOT_CONTEXT, () => {
        // The last connection closes the server, and its context would be that of its last request.
        keepContext(app.server, enterLater(ROOT_CONTEXT));
        return end({ telemetry, app, connections, options });
      });
      return closing;
    },
  };
}

/** A service that is to end. */
interface Ending {
  readonly telemetry: ServedTelemetry;
  readonly app: ServerControl;
  readonly connections: Connections;
  readonly options: ServeOptions;
}

/** The one order in which a service ends. */
async function end({ telemetry, app, connections, options }: Ending): Promise<void> {
  const { drainDelayMs = 0, closeTimeoutMs = 3_000, onEnding } = options;
  const { health, logger } = telemetry;
  health.readiness = 'draining';
  connections.drain();
  logger.info({ drain_delay_ms: drainDelayMs }, 'shutting down');
  const prepared = (async () => onEnding?.())();
  // An error is reported below; it must not count as unhandled until then.
  prepared.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, timerMs(drainDelayMs)));
  const began = performance.now();
  const cut = setTimeout(() => {
    logger.warn({ requests: connections.runningRequests }, 'requests were cut: they took too long to finish');
    connections.closeAll();
  }, timerMs(closeTimeoutMs));
  try {
    const closed = app.close();
    connections.closeIdle();
    await within(Promise.all([closed, prepared]), 2 * closeTimeoutMs, () => {
      throw new Error(`close hooks were not done ${closeTimeoutMs} ms after the last request`);
    });
  } finally {
    clearTimeout(cut);
    connections.closeAll();
    await telemetry.close(Math.max(leastFlushMs, Math.round(flushMs - (performance.now() - began))));
  }
}
